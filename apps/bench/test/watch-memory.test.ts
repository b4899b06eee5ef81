import { cpu } from "@chainrule/backend-cpu";
import { createWasm } from "@chainrule/backend-wasm";
import { describe, expect, test } from "vitest";
import { denseNetwork, trainingCase } from "../src/cases.ts";
import { openChainrule } from "../src/impl/chainrule.ts";
import { watched } from "../src/impl/watch-memory.ts";
import { initialParameters, trainingBatch } from "../src/inputs.ts";

describe("what a training step holds", () => {
  const work = trainingCase(denseNetwork(50, 40, 10), "adam", 20);
  const parameters = 4 * (50 * 40 + 40 + 40 * 10 + 10);

  test.each([
    ["cpu", () => cpu],
    ["wasm", () => createWasm({ threads: 1 })],
  ] as const)("%s: parameters, both of Adam's moments and the batch at least", async (_, create) => {
    const implementation = await openChainrule(watched(true, create), "0");
    const trainer = implementation.trainer(work, initialParameters(work.network));
    trainer.load(trainingBatch(work));
    await trainer.steps(3);
    await trainer.loss();
    const { tensors, linearMemory } = implementation.held!();
    // At most as much again for what lies between, and the initial values that the collector has not found yet.
    const least = 3 * parameters + 4 * 20 * 50;
    expect(tensors).toBeGreaterThan(least);
    expect(tensors).toBeLessThan(2 * least + 2 * parameters);
    if (create().name === "cpu") expect(linearMemory).toBe(0);
    else expect(linearMemory).toBeGreaterThan(tensors);
    trainer.dispose();
  });

  test("who is not watched does not tell", () => {
    expect(watched(false, () => cpu)).toEqual({ plugin: cpu });
  });
});
