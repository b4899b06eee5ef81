import { getBackend, random } from "@chainrule/core";
import { ArrayDataset, DataLoader } from "@chainrule/data";
import { crossEntropy, Linear, ReLU, Sequential, type Module } from "@chainrule/nn";
import { Adam } from "@chainrule/optim";
import { fit, type Callback } from "@chainrule/train";
import type { GpuDevice } from "../src/index.ts";

/** Points in the plane and the quadrant pair they lie in. */
export function quadrants(count: number): ArrayDataset {
  const generator = random.defaultGenerator;
  const data = Float32Array.from({ length: 2 * count }, () => 2 * generator.uniform() - 1);
  const labels = Int32Array.from({ length: count }, (_, i) => Number(data[2 * i]! * data[2 * i + 1]! > 0));
  return new ArrayDataset({ x: { data, shape: [count, 2] }, y: { data: labels, shape: [count] } });
}

/** Trains a small net from a fixed seed for two epochs of ten steps. */
export async function trainSmall(callback: Callback, spoil?: (x: ArrayDataset) => void): Promise<Module> {
  random.seed(4);
  const data = quadrants(160);
  spoil?.(data);
  const model = new Sequential(new Linear(2, 16), new ReLU(), new Linear(16, 2));
  const loader = new DataLoader(data, { batchSize: 16 });
  const optimizer = new Adam({ lr: 0.01 });
  await fit(model, loader, { loss: crossEntropy, optimizer, epochs: 2, callbacks: [callback] });
  return model;
}

/** Bytes that each step of a run read back, the loss being asked for at every fifth; and the losses so read. */
export async function bytesOfSteps(): Promise<{ bytes: number[]; losses: number[] }> {
  const bytes: number[] = [];
  const losses: number[] = [];
  const bytesRead = (): number => (getBackend() as GpuDevice).statistics.bytesRead;
  let before = 0;
  let asked = 0;
  await trainSmall({
    readsLoss: () => ++asked % 5 === 0,
    onEpochStart: () => (before = bytesRead()),
    onStepEnd: (record) => {
      if (record.step % 5 === 0) losses.push(record.loss);
      bytes.push(bytesRead() - before);
      before = bytesRead();
    },
  });
  return { bytes, losses };
}
