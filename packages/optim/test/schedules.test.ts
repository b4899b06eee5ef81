import { OptionError } from "@chainrule/core";
import { loadPlateaus, loadSchedules, type ScheduleDescription } from "@chainrule/fixtures";
import * as optim from "@chainrule/optim";
import { describe, expect, test } from "vitest";
import { variable } from "./setup.ts";

const builders: Record<string, (description: ScheduleDescription, base: number) => optim.Schedule> = {
  StepLR: (d) => optim.stepDecay(d.stepSize as number, d.gamma as number),
  CosineAnnealingLR: (d, base) => optim.cosine(d.tMax as number, (d.etaMin as number) / base),
  LinearLR: (d) => optim.linear(d.totalIters as number, d.startFactor as number, d.endFactor as number),
  MultiStepLR: (d) => optim.multiStepDecay(d.milestones!, d.gamma as number),
  ExponentialLR: (d) => optim.exponentialDecay(d.gamma as number),
  PolynomialLR: (d) => optim.polynomial(d.totalIters as number, d.power as number),
  CosineAnnealingWarmRestarts: (d, base) =>
    optim.cosineRestarts(d.t0 as number, {
      multiplier: d.tMult as number,
      end: (d.etaMin as number) / base,
    }),
  OneCycleLR: (d) =>
    optim.oneCycle(d.totalSteps as number, {
      rise: d.pctStart as number,
      anneal: d.annealStrategy as "cos" | "linear",
      divFactor: d.divFactor as number,
      finalDivFactor: d.finalDivFactor as number,
      threePhase: d.threePhase as boolean,
    }),
  ChainedScheduler: (d, base) =>
    optim.product(...d.schedules!.map((inner) => builders[inner.schedule]!(inner, base))),
  SequentialLR: (d, base) =>
    optim.sequence(
      d.schedules!.map((inner) => builders[inner.schedule]!(inner, base)),
      d.milestones!,
    ),
};

describe("as in PyTorch", () => {
  test.each(loadSchedules().map((fixture) => [fixture.name, fixture] as const))(
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

test("polynomial and one-cycle schedules end too", () => {
  expect(() => optim.polynomial(5, 2, 0.1)(6)).toThrow(
    "polynomial: step 6 is beyond the end at 5; plan more steps, or hold the last value: " +
      "sequence([polynomial(5, 2, 0.1), constant(0.1)], [5])",
  );
  const cycle = optim.oneCycle(10, { divFactor: 4, finalDivFactor: 2 });
  expect([cycle(0), cycle(2), cycle(9)]).toEqual([0.25, 1, 0.125]);
  expect(cycle(10)).toBe(cycle(9));
  expect(() => cycle(11)).toThrow("oneCycle: step 11 is beyond the end at 10");
});

test("restarts: each period starts from 1 and may be longer than the last", () => {
  const schedule = optim.cosineRestarts(4, { multiplier: 2, end: 0.5 });
  expect([0, 4, 12, 28].map(schedule)).toEqual([1, 1, 1, 1]);
  expect([2, 8].map((step) => schedule(step).toFixed(6))).toEqual(["0.750000", "0.750000"]);
});

test("a scheduler scales groups with rates of their own, and others follow the optimiser", async () => {
  const [p, q, r] = [variable(0), variable(0), variable(0)];
  const sgd = new optim.SGD({
    lr: 1,
    groups: [
      { parameters: [p], lr: 0.5 },
      { parameters: [q], momentum: 0.9 },
    ],
  });
  const scheduler = new optim.Scheduler(sgd, optim.stepDecay(1, 0.1));
  scheduler.step();
  expect([sgd.lr, ...sgd.groups.map(({ lr }) => lr)]).toEqual([0.1, 0.05, 0.1]);
  await sgd.step([p, q, r], [variable(1), variable(1), variable(1)]);
  expect([await p.item(), await q.item(), await r.item()]).toEqual([-0.05, -0.1, -0.1]);
});

describe("ReduceOnPlateau as in PyTorch", () => {
  test.each(loadPlateaus().map((fixture) => [fixture.name, fixture] as const))("%s", (_, fixture) => {
    const optimizer = new optim.SGD({ lr: fixture.base });
    const plateau = new optim.ReduceOnPlateau(optimizer, fixture.options);
    const resumed = new optim.ReduceOnPlateau(optimizer, fixture.options);
    for (const [i, metric] of fixture.metrics.entries()) {
      const before = optimizer.lr;
      const target = i % 2 === 0 ? plateau : resumed;
      target.state = (i % 2 === 0 ? resumed : plateau).state;
      expect(target.step(metric)).toBe(fixture.values[i]! < before - 1e-9);
      expect(optimizer.lr).toBeCloseTo(fixture.values[i]!, 12);
    }
  });

  test("bad options are refused, and NaN is no improvement", () => {
    const optimizer = new optim.SGD({ lr: 1 });
    expect(() => new optim.ReduceOnPlateau(optimizer, { factor: 1 })).toThrow(
      "factor must be in [0, 1), not 1",
    );
    expect(() => new optim.ReduceOnPlateau(optimizer, { patience: -1 })).toThrow(OptionError);
    // @ts-expect-error no such mode
    expect(() => new optim.ReduceOnPlateau(optimizer, { mode: "up" })).toThrow('mode is "min" or "max"');
    // @ts-expect-error no such mode
    expect(() => new optim.ReduceOnPlateau(optimizer, { thresholdMode: "x" })).toThrow("thresholdMode");
    const plateau = new optim.ReduceOnPlateau(optimizer, { patience: 1 });
    expect([3, Number.NaN, Number.NaN].map((metric) => plateau.step(metric))).toEqual([false, false, true]);
    expect(optimizer.lr).toBeCloseTo(0.1);
  });
});

test("bad schedules are refused", () => {
  expect(() => optim.multiStepDecay([5, 3])).toThrow("in rising order, not [5, 3]");
  expect(() => optim.polynomial(0)).toThrow("polynomial: steps");
  expect(() => optim.cosineRestarts(3, { multiplier: 0.5 })).toThrow("multiplier must be at least 1");
  expect(() => optim.oneCycle(10, { rise: 2 })).toThrow("oneCycle: rise must be in [0, 1], not 2");
  expect(() => optim.oneCycle(10, { divFactor: 0 })).toThrow("divFactor must be above 0");
  // @ts-expect-error no such curve
  expect(() => optim.oneCycle(10, { anneal: "x" })).toThrow('anneal is "cos" or "linear"');
  expect(() => optim.stepDecay(0)).toThrow(OptionError);
  expect(() => optim.cosine(2.5)).toThrow("cosine: steps must be a whole number ≥ 1, not 2.5");
  expect(() => optim.linearWarmup(-1)).toThrow("linear: steps");
  expect(() => optim.sequence([optim.constant()], [3])).toThrow("1 schedules need 0 milestones, not 1");
  const three = [optim.constant(), optim.constant(), optim.constant()];
  expect(() => optim.sequence(three, [5, 5])).toThrow("milestones must be above 0 and rise, not [5, 5]");
});
