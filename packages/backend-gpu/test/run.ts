import { type Backend, random, setBackend } from "@chainrule/core";
import { type Batch, DataLoader, type Dataset } from "@chainrule/data";
import { crossEntropy, type Module } from "@chainrule/nn";
import { Adam } from "@chainrule/optim";
import { type Batches, fit } from "@chainrule/train";

/** Where a run computes. */
export interface Route {
  readonly backend: string;
  /** Backends to move to, each by the number of the step before which that happens, counted from 1 over all epochs. */
  readonly swaps?: Readonly<Record<number, string>>;
}

/** What is trained, and on what. */
export interface Task {
  /** Makes the model; random numbers are those of a fixed seed. */
  readonly build: () => Module;
  readonly data: Dataset;
  readonly batchSize: number;
  readonly epochs: number;
  readonly lr: number;
}

/** A run, step by step. */
export interface Run {
  /** The backend that it began on. */
  readonly started: Backend;
  readonly model: Module;
  readonly losses: readonly number[];
  readonly milliseconds: readonly number[];
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

/** Trains from a fixed seed with Adam and the cross-entropy, moving between backends as the route says. */
export async function run(
  { build, data, batchSize, epochs, lr }: Task,
  { backend, swaps = {} }: Route,
): Promise<Run> {
  const started = await setBackend(backend);
  random.seed(1);
  const model = build();
  const optimizer = new Adam({ lr });
  const loader = new DataLoader(data, { batchSize, shuffle: true, seed: 1 });
  const batches = watched(loader, async (step) => {
    const to = swaps[step];
    if (to === undefined) return;
    await setBackend(to);
    await model.to(to);
    await optimizer.to(to);
  });
  const losses: number[] = [];
  const milliseconds: number[] = [];
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
  return { started, model, losses, milliseconds };
}

/** The largest relative difference. */
export const worst = (actual: readonly number[], expected: readonly number[]): number =>
  Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value) / Math.abs(value)));
