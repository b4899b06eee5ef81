import { OptionError } from "@chainrule/core";
import { loadSchedules, type ScheduleDescription } from "@chainrule/fixtures";
import * as optim from "@chainrule/optim";
import { describe, expect, test } from "vitest";

const builders: Record<string, (description: ScheduleDescription, base: number) => optim.Schedule> = {
  StepLR: (d) => optim.stepDecay(d.stepSize as number, d.gamma as number),
  CosineAnnealingLR: (d, base) => optim.cosine(d.tMax as number, (d.etaMin as number) / base),
  LinearLR: (d) => optim.linear(d.totalIters as number, d.startFactor as number, d.endFactor as number),
  SequentialLR: (d, base) =>
    optim.sequence(
      d.schedules!.map((inner) => builders[inner.schedule]!(inner, base)),
      d.milestones!,
    ),
};
const known = loadSchedules().filter((fixture) => fixture.description.schedule in builders);

describe("as in PyTorch", () => {
  test.each(known.map((fixture) => [fixture.name, fixture] as const))(
    "%s",
    (_, { description, base, values }) => {
      const optimizer = new optim.SGD({ lr: base });
      const scheduler = new optim.Scheduler(optimizer, builders[description.schedule]!(description, base));
      for (const value of values) {
        expect(optimizer.lr).toBeCloseTo(value, 12);
        if (scheduler.position < values.length - 1) scheduler.step();
      }
    },
  );
});

test("warm-up leads into a schedule that starts from its beginning", () => {
  const schedule = optim.warmup(4, optim.stepDecay(2, 0.5), 0);
  expect([0, 1, 2, 3, 4, 5, 6].map(schedule)).toEqual([0, 0.25, 0.5, 0.75, 1, 1, 0.5]);
});

test("constant, linear warm-up and decay", () => {
  expect([0, 9].map(optim.constant(0.5))).toEqual([0.5, 0.5]);
  expect([0, 1, 2, 3].map(optim.linearWarmup(2, 0.5))).toEqual([0.5, 0.75, 1, 1]);
  expect([0, 5, 10, 99].map(optim.linear(10, 1, 0))).toEqual([1, 0.5, 0, 0]);
  expect([0, 9, 10, 25].map(optim.stepDecay(10, 0.5))).toEqual([1, 1, 0.5, 0.25]);
});

test("a cosine asked beyond its end says so and how to hold its last value", () => {
  const cosine = optim.cosine(10, 0.1);
  expect(cosine(10)).toBeCloseTo(0.1, 12);
  expect(() => cosine(11)).toThrow(OptionError);
  expect(() => cosine(11)).toThrow("sequence([cosine(10, 0.1), constant(0.1)], [10])");
});

test("a scheduler sets the rate from the start, and goes on from a saved position", () => {
  const optimizer = new optim.SGD({ lr: 2 });
  const scheduler = new optim.Scheduler(optimizer, optim.linearWarmup(4, 0));
  expect(optimizer.lr).toBe(0);
  scheduler.step();
  expect([scheduler.position, optimizer.lr]).toEqual([1, 0.5]);
  scheduler.position = 3;
  expect(optimizer.lr).toBe(1.5);
  const ended = new optim.Scheduler(new optim.SGD({ lr: 1 }), optim.cosine(1));
  ended.step();
  expect(() => ended.step()).toThrow(OptionError);
  expect(ended.position).toBe(1);
});

test("bad schedules are refused", () => {
  expect(() => optim.stepDecay(0)).toThrow(OptionError);
  expect(() => optim.cosine(2.5)).toThrow("cosine: steps must be a whole number ≥ 1, not 2.5");
  expect(() => optim.linearWarmup(-1)).toThrow("linear: steps");
  expect(() => optim.sequence([optim.constant()], [3])).toThrow("1 schedules need 0 milestones, not 1");
  const three = [optim.constant(), optim.constant(), optim.constant()];
  expect(() => optim.sequence(three, [5, 5])).toThrow("milestones must be above 0 and rise, not [5, 5]");
});
