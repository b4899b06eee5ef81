import { cpu } from "@chainrule/backend-cpu";
import { registerBackend, setBackend } from "@chainrule/core";
import type { DivergedError } from "@chainrule/train";
import { beforeEach, expect, it } from "vitest";
import { createGpu } from "../src/index.ts";
import { bytesOfSteps, trainSmall } from "./quiet.ts";

registerBackend(cpu);
registerBackend({ ...createGpu({ mode: "webasm" }), name: "gpu webasm" });

beforeEach(() => setBackend("gpu webasm"));

it("a step of fit that logs no loss reads nothing back", async () => {
  const { bytes, losses } = await bytesOfSteps();
  const expected: number[] = [];
  await setBackend("cpu");
  await trainSmall({ onStepEnd: ({ step, loss }) => void (step % 5 === 0 && expected.push(loss)) });
  expect(bytes).toHaveLength(20);
  bytes.forEach((read, i) => {
    if (i % 5 === 4) expect(read, `step ${i + 1}`).toBeGreaterThan(0);
    else expect(read, `step ${i + 1}`).toBe(0);
  });
  expect(losses).toHaveLength(4);
  losses.forEach((loss, i) => expect(Math.abs(loss - expected[i]!) / expected[i]!).toBeLessThan(1e-5));
});

it("a NaN ends training at the epoch's end, with the weights from before the step that made it", async () => {
  const weights: number[][] = [];
  const run = (until: number, bad: number): Promise<unknown> =>
    trainSmall(
      {
        onEpochEnd: (_, run) => run.stop("one is enough"),
        onStepEnd: ({ step }, run) => void (step === until && run.stop("far enough")),
        onTrainEnd: async (_, { model }) => {
          const last = await Promise.all(model.parameters().map((parameter) => parameter.data()));
          weights.push(last.flatMap((values) => [...values]));
        },
      },
      ({ columns: { x } }) => (x.data[2 * bad] = NaN),
    );
  const error = await run(10, 16 * 6 + 3).then(
    () => null,
    (reason: unknown) => reason as DivergedError,
  );
  expect(error).toMatchObject({ name: "DivergedError", epoch: 1, step: 7, history: { steps: 6 } });
  await run(6, 16 * 9);
  expect(weights[0]).toEqual(weights[1]);
});
