import { getBackend, setBackend } from "@chainrule/core";
import type { Batch } from "@chainrule/data";
import type { Module } from "@chainrule/nn";
import type { Optimizer } from "@chainrule/optim";
import type { Batches } from "@chainrule/train";
import { print } from "./print.ts";

/** A move to another backend in the middle of training. */
export interface Swap {
  /** The step before which to move, counted from 1 over all epochs. */
  readonly step: number;
  readonly backend: string;
}

/** Starts every backend that will be needed, so that one that is missing is known before training. */
export async function prepareSwaps(swaps: readonly Swap[]): Promise<void> {
  const { name } = getBackend();
  try {
    for (const { backend } of swaps) await setBackend(backend);
  } finally {
    await setBackend(name);
  }
}

/** The same batches; the network and the optimiser's state move before the steps that say so. */
export function swapping(
  batches: Batches,
  swaps: readonly Swap[],
  model: Module,
  optimizer: Optimizer,
): Batches {
  let step = 0;
  return {
    length: batches.length,
    examples: batches.examples,
    async *[Symbol.asyncIterator](): AsyncGenerator<Batch> {
      for await (const batch of batches) {
        step++;
        const swap = swaps.find((candidate) => candidate.step === step);
        if (swap) await moveTo(swap, model, optimizer);
        yield batch;
      }
    },
  };
}

async function moveTo({ step, backend }: Swap, model: Module, optimizer: Optimizer): Promise<void> {
  const { mode } = await setBackend(backend);
  await model.to(backend);
  await optimizer.to(backend);
  print(`\nstep ${step}: moved to ${backend} (${mode})`);
}
