import { cpu } from "@chainrule/backend-cpu";
import { createWasm } from "@chainrule/backend-wasm";
import { registerBackend } from "@chainrule/core";
import { describe, expect, it } from "vitest";
import { createGpu } from "../src/index.ts";
import { netNames, netTolerance, trainNet } from "./nets.ts";
import { worst } from "./run.ts";

registerBackend(cpu);
for (const threads of [1, 2]) registerBackend({ ...createWasm({ threads }), name: `wasm ${threads}` });
for (const mode of ["webasm", "cpu"] as const)
  registerBackend({ ...createGpu({ mode }), name: `gpu ${mode}` });

describe.each(netNames)("%s", { timeout: 120_000 }, (name) => {
  it("trains alike on every backend, and to the same bits on one thread and on two", async () => {
    const expected = await trainNet(name, { backend: "cpu" });
    expect(expected.losses).toHaveLength(20);
    // It learns: what is compared is more than a flat line.
    expect(expected.losses.at(-1)).toBeLessThan(0.8 * expected.losses[0]!);
    for (const backend of ["wasm 1", "gpu webasm", "gpu cpu"]) {
      const { losses } = await trainNet(name, { backend });
      expect(worst(losses, expected.losses), backend).toBeLessThan(netTolerance);
    }
    const [one, two] = [
      await trainNet(name, { backend: "wasm 1" }),
      await trainNet(name, { backend: "wasm 2" }),
    ];
    expect(two.mode).toMatch(/2 threads/);
    expect(two.losses).toEqual(one.losses);
    expect(two.state).toEqual(one.state);
  });

  it("moves between backends in the middle of training and learns the same", async () => {
    const stayed = await trainNet(name, { backend: "cpu" });
    const swaps = { 6: "wasm 2", 11: "gpu webasm", 16: "cpu" };
    const moved = await trainNet(name, { backend: "cpu", swaps });
    expect(moved.losses.slice(0, 5)).toEqual(stayed.losses.slice(0, 5));
    expect(worst(moved.losses, stayed.losses)).toBeLessThan(netTolerance);
  });
});
