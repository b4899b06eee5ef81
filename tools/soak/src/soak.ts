import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { compile, memory, random, realize, tensor } from "@chainrule/core";
import { crossEntropy, Linear, ReLU, Sequential } from "@chainrule/nn";
import { Adam } from "@chainrule/optim";

/** What is alive at one moment of a soak, after a garbage collection. */
export interface Sample {
  readonly step: number;
  /** Bytes and buffers that the backend counts as held by tensors. */
  readonly liveBytes: number;
  readonly liveBuffers: number;
  /** The JavaScript heap, and the array buffers outside it. */
  readonly heapBytes: number;
  readonly externalBytes: number;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Collects garbage until the finalizers of what it found have run. */
async function collect(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  for (let i = 0; i < 4; i++) {
    gc();
    await nextTurn();
  }
}

async function sample(step: number): Promise<Sample> {
  await collect();
  const { bytes, buffers } = memory()["cpu"]!;
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { step, liveBytes: bytes, liveBuffers: buffers, heapBytes: heapUsed, externalBytes: arrayBuffers };
}

/** Trains 2-8-2 on XOR for `steps` steps with Adam, captured or not, and samples memory ten times on the way. */
export async function soak(kind: "captured" | "uncaptured", steps: number): Promise<Sample[]> {
  random.seed(1);
  const model = new Sequential(new Linear(2, 8), new ReLU(), new Linear(8, 2));
  const optimizer = new Adam({ lr: 1e-3 });
  const parameters = model.parameters();
  const x = tensor([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);
  const y = tensor([0, 1, 1, 0], { dtype: "int32" });
  await realize(x, y);

  const captured = compile((inputs: typeof x, labels: typeof y) => {
    const loss = crossEntropy(model.forward(inputs), labels);
    optimizer.update(parameters, loss.gradient(...parameters));
    return loss;
  });
  const step = async (): Promise<void> => {
    if (kind === "captured") captured(x, y);
    else await optimizer.minimize(crossEntropy(model.forward(x), y), parameters);
  };

  const samples: Sample[] = [];
  const every = Math.floor(steps / 10);
  for (let i = 1; i <= steps; i++) {
    await step();
    if (i % every === 0) samples.push(await sample(i));
  }
  return samples;
}

/** Growth from the second sample, when all is warm, to the last. */
export interface Growth {
  readonly liveBytes: number;
  readonly liveBuffers: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
}

export function growthOf(samples: readonly Sample[]): Growth {
  const first = samples[1]!;
  const last = samples.at(-1)!;
  return {
    liveBytes: last.liveBytes - first.liveBytes,
    liveBuffers: last.liveBuffers - first.liveBuffers,
    heapBytes: last.heapBytes - first.heapBytes,
    externalBytes: last.externalBytes - first.externalBytes,
  };
}

/** Compiled code and counters of the runtime come and go by this much. */
const heapNoise = 2 * 2 ** 20;

/** Whether memory is flat: not one live byte more, and no more heap than noise. */
export const isFlat = ({ liveBytes, liveBuffers, heapBytes, externalBytes }: Growth): boolean =>
  liveBytes <= 0 && liveBuffers <= 0 && heapBytes < heapNoise && externalBytes < heapNoise;
