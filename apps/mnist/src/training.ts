import { DataLoader } from "@chainrule/data";
import { crossEntropy } from "@chainrule/nn";
import { cosine } from "@chainrule/optim";
import { fit, type History, progressBar } from "@chainrule/train";
import { augmenting } from "./augmentation.ts";
import { createOptimizer } from "./network.ts";
import { swapping } from "./swap.ts";
import type { Task } from "./task.ts";

/** A run and how long it took. */
export interface Training {
  readonly history: History;
  /** Of every step, loading of the batch included. */
  readonly stepMilliseconds: readonly number[];
  readonly seconds: number;
}

/** Trains the network with progress on standard output, until the end or the signal. */
export async function train(task: Task, signal: AbortSignal): Promise<Training> {
  const { batchSize, epochs, seed, augment, optimizer: name, lr, swapAt } = task.settings;
  const changes = augment ? augmenting(task.mnist, seed) : {};
  const loader = new DataLoader(task.train, { batchSize, shuffle: true, seed, ...changes });
  const optimizer = createOptimizer(name, lr);
  const batches = swapAt.length > 0 ? swapping(loader, swapAt, task.model, optimizer) : loader;
  const stepMilliseconds: number[] = [];
  const start = performance.now();
  const history = await fit(task.model, batches, {
    loss: crossEntropy,
    optimizer,
    schedule: cosine(epochs * loader.length),
    epochs,
    validation: task.test,
    signal,
    callbacks: [
      progressBar({ sink: process.stdout, unit: "images" }),
      { readsLoss: () => false, onStepEnd: ({ milliseconds }) => stepMilliseconds.push(milliseconds) },
    ],
  });
  return { history, stepMilliseconds, seconds: (performance.now() - start) / 1000 };
}
