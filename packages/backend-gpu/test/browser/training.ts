import type { TypedArray } from "@chainrule/core";
import { ArrayDataset } from "@chainrule/data";
import { crossEntropy, Dropout, Linear, ReLU, Sequential, type Module } from "@chainrule/nn";
import { evaluate } from "@chainrule/train";
import { run, type Route } from "../run.ts";

export interface TrainingOptions extends Route {
  readonly examples: number;
  readonly epochs: number;
  /** Digits to test on afterwards. */
  readonly test: number;
  readonly dropout?: number;
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

/** Trains the MLP of the digit classifier from a fixed seed. */
export async function train(options: TrainingOptions): Promise<TrainingReport> {
  const { examples, epochs, test, dropout = 0 } = options;
  const data = await digits("train", examples);
  const build = (): Module =>
    new Sequential(new Linear(784, 128), new ReLU(), new Dropout(dropout), new Linear(128, 10));
  const start = performance.now();
  const { started, model, losses, milliseconds } = await run(
    { build, data, batchSize: 64, epochs, lr: 4e-3 },
    options,
  );
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
