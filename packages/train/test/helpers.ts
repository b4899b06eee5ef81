import { cpu } from "@chainrule/backend-cpu";
import { random, registerBackend } from "@chainrule/core";
import { ArrayDataset, DataLoader, type DataLoaderOptions } from "@chainrule/data";
import { Linear, ReLU, Sequential } from "@chainrule/nn";
import type { TextSink } from "../src/index.ts";

registerBackend(cpu);

/** Points in the plane and the quadrant pair they lie in: not linearly separable, easily learnt by a small MLP. */
export function quadrants(count: number, seed = 1): ArrayDataset {
  random.seed(seed);
  const { defaultGenerator } = random;
  const data = Float32Array.from({ length: 2 * count }, () => 2 * defaultGenerator.uniform() - 1);
  const labels = Int32Array.from({ length: count }, (_, i) => Number(data[2 * i]! * data[2 * i + 1]! > 0));
  return new ArrayDataset({ x: { data, shape: [count, 2] }, y: { data: labels, shape: [count] } });
}

export function smallModel(seed = 2): Sequential {
  random.seed(seed);
  return new Sequential(new Linear(2, 16), new ReLU(), new Linear(16, 2));
}

export const loaderOf = (data: ArrayDataset, options: DataLoaderOptions = {}): DataLoader =>
  new DataLoader(data, { batchSize: 16, shuffle: true, seed: 3, ...options });

/** All weights, by name. */
export async function weightsOf(model: Sequential): Promise<Record<string, number[]>> {
  const entries = Object.entries(model.stateDict()).map(async ([name, value]) => [
    name,
    [...(await value.data())],
  ]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, number[]>;
}

/** A sink that keeps what is written. */
export function textSink(options: Omit<TextSink, "write"> = {}): TextSink & { text: string } {
  const sink = {
    ...options,
    text: "",
    write: (text: string) => {
      sink.text += text;
    },
  };
  return sink;
}
