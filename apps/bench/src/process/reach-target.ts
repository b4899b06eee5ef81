import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TargetCase } from "../case.ts";
import type { Implementation, Trainer } from "../impl/implementation.ts";
import { epochOrder, initialParameters } from "../inputs.ts";
import { exampleSizeOf } from "../network.ts";
import type { TargetReached } from "./protocol.ts";

interface Digits {
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
  readonly count: number;
}

async function readDigits(folder: string, part: "train" | "t10k"): Promise<Digits> {
  // The headers have 16 and 8 bytes. Read by hand, so that no framework has to be loaded for another's sake.
  const read = async (name: string, header: number): Promise<Uint8Array> =>
    (await readFile(join(folder, `${part}-${name}-ubyte`))).subarray(header);
  const [pixels, labels] = await Promise.all([read("images-idx3", 16), read("labels-idx1", 8)]);
  return { pixels, labels, count: labels.length };
}

/** The examples `order[start … end)` as floats in [0, 1], with their labels. */
function gather(
  { pixels, labels }: Digits,
  order: ArrayLike<number>,
  start: number,
  end: number,
  size: number,
) {
  const x = new Float32Array((end - start) * size);
  const target = new Int32Array(end - start);
  for (let row = 0; row < end - start; row++) {
    const from = order[start + row]! * size;
    for (let i = 0; i < size; i++) x[row * size + i] = pixels[from + i]! / 255;
    target[row] = labels[order[start + row]!]!;
  }
  return { x, target };
}

async function accuracyOf(trainer: Trainer, x: Float32Array, labels: Uint8Array): Promise<number> {
  const outputs = await trainer.outputs(x);
  const classes = outputs.length / labels.length;
  let right = 0;
  for (let row = 0; row < labels.length; row++) {
    const scores = outputs.subarray(row * classes, (row + 1) * classes);
    let best = 0;
    for (let c = 1; c < classes; c++) if (scores[c]! > scores[best]!) best = c;
    if (best === labels[row]) right++;
  }
  return right / labels.length;
}

/** Trains on MNIST, in the same order in every implementation, until the test accuracy is reached. */
export async function reachTarget(
  implementation: Implementation,
  { folder, accuracy, maxEpochs, testsPerEpoch, training }: TargetCase,
): Promise<TargetReached> {
  const [train, test] = [await readDigits(folder, "train"), await readDigits(folder, "t10k")];
  const size = exampleSizeOf(training.network);
  const trainer = implementation.trainer(training, initialParameters(training.network));
  const everyTest = Array.from({ length: test.count }, (_, i) => i);
  const testImages = gather(test, everyTest, 0, test.count, size).x;
  const perEpoch = Math.floor(train.count / training.batch);
  const between = Math.floor(perEpoch / testsPerEpoch);
  let reached = 0;
  let steps = 0;
  for (let epoch = 0; epoch < maxEpochs; epoch++) {
    const order = epochOrder(train.count, epoch);
    for (let i = 0; i < perEpoch; i++) {
      trainer.load(gather(train, order, i * training.batch, (i + 1) * training.batch, size));
      await trainer.steps(1);
      if (++steps % between !== 0) continue;
      reached = await accuracyOf(trainer, testImages, test.labels);
      if (reached >= accuracy) return { accuracy: reached, steps };
    }
  }
  return { accuracy: reached, steps };
}
