import { expect, test } from "vitest";
import { registerBackend } from "@chainrule/core";
import { cpu } from "@chainrule/backend-cpu";
import { growthOf, isFlat, soak } from "../src/soak.ts";

registerBackend(cpu);

// A tenth of what `pnpm soak` runs: enough for a leak of one object a step to pass the noise.
test("10,000 captured steps leave memory flat", async () => {
  const samples = await soak("captured", 10_000);
  expect(samples).toHaveLength(10);
  expect(growthOf(samples)).toSatisfy(isFlat);
});

test("1,000 uncaptured steps leave memory flat", async () => {
  expect(growthOf(await soak("uncaptured", 1_000))).toSatisfy(isFlat);
});

test("growth is noticed", () => {
  const at = (step: number, liveBytes: number) => ({
    step,
    liveBytes,
    liveBuffers: 3,
    heapBytes: 0,
    externalBytes: 0,
  });
  expect(isFlat(growthOf([at(1, 0), at(2, 8), at(3, 8)]))).toBe(true);
  expect(isFlat(growthOf([at(1, 0), at(2, 8), at(3, 12)]))).toBe(false);
});
