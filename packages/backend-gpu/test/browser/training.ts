import { random, setBackend, type TypedArray } from "@chainrule/core";
import { ArrayDataset, DataLoader, type Batch } from "@chainrule/data";
import { crossEntropy, Dropout, Linear, ReLU, Sequential, type Module } from "@chainrule/nn";
import { Adam } from "@chainrule/optim";
import { evaluate, fit, type Batches } from "@chainrule/train";

export interface TrainingOptions {
  readonly backend: string;
  readonly examples: number;
  readonly epochs: number;
  /** Digits to test on afterwards. */
  readonly test: number;
  readonly dropout?: number;
  /** Backends to move to, each by the number of the step before which that happens. */
  readonly swaps?: Readonly<Record<number, string>>;
}

export interface TrainingReport {
  readonly mode: string;
  /** What a GPU calls itself. */
  readonly adapter: string | null;
  readonly losses: readonly number[];
  readonly accuracy: number | null;
  readonly seconds: number;
  readonly milliseconds: readonly number[];
}

async function digits(set: "train" | "test", count: number): Promise<ArrayDataset> {
  const response = await fetch(`/digits?set=${set}&count=${count}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const examples = bytes.length / 785;
  const x: TypedArray = Float32Array.from(bytes.subarray(0, examples * 784), (byte) => byte / 255);
  const y = Int32Array.from(bytes.subarray(examples * 784));
  return new ArrayDataset({ x: { data: x, shape: [examples, 784] }, y: { data: y, shape: [examples] } });
}

/** Calls `before` with the number of each batch, counted from 1 over all epochs, and waits for it. */
function watched(batches: Batches, before: (step: number) => Promise<void>): Batches {
  let step = 0;
  return {
    length: batches.length,
    examples: batches.examples,
    async *[Symbol.asyncIterator](): AsyncGenerator<Batch> {
      for await (const batch of batches) {
        await before(++step);
        yield batch;
      }
    },
  };
}

/** Trains the MLP of the digit classifier from a fixed seed. */
export async function train(options: TrainingOptions): Promise<TrainingReport> {
  const { backend, examples, epochs, test, dropout = 0, swaps = {} } = options;
  const started = await setBackend(backend);
  random.seed(1);
  const model: Module = new Sequential(
    new Linear(784, 128),
    new ReLU(),
    new Dropout(dropout),
    new Linear(128, 10),
  );
  const optimizer = new Adam({ lr: 4e-3 });
  const loader = new DataLoader(await digits("train", examples), { batchSize: 64, shuffle: true, seed: 1 });
  const batches = watched(loader, async (step) => {
    const to = swaps[step];
    if (to === undefined) return;
    await setBackend(to);
    await model.to(to);
    await optimizer.to(to);
  });
  const losses: number[] = [];
  const milliseconds: number[] = [];
  const start = performance.now();
  await fit(model, batches, {
    loss: crossEntropy,
    optimizer,
    epochs,
    callbacks: [
      {
        onStepEnd: (record) => {
          losses.push(record.loss);
          milliseconds.push(record.milliseconds);
        },
      },
    ],
  });
  const seconds = (performance.now() - start) / 1000;
  const evaluation =
    test > 0 ? await evaluate(model, await digits("test", test), { loss: crossEntropy }) : null;
  return {
    mode: started.mode,
    adapter: "adapter" in started ? String(started.adapter) : null,
    losses,
    accuracy: evaluation?.accuracy ?? null,
    seconds,
    milliseconds,
  };
}
