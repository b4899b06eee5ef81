import { OptionError, tensor, Variable, type Tensor } from "@chainrule/core";
import { Adadelta, Adagrad, Adam, Adamax, Lion, NAdam, RAdam, RMSprop, SGD } from "@chainrule/optim";
import { expectClose } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { variable } from "./setup.ts";

const g = (...values: number[]): Tensor => tensor(Float64Array.from(values));

describe("adaptive rules by hand", () => {
  test("Adagrad divides by the root of all squares, at a rate that falls", async () => {
    const p = variable(0);
    const adagrad = new Adagrad({ lr: 1, lrDecay: 1, eps: 0 });
    await adagrad.step([p], [g(3)]); // s = 9, step 3 / 3
    await adagrad.step([p], [g(4)]); // s = 25, step ½ · 4 / 5
    await expectClose(p, [-1.4]);
    const q = variable(0);
    await new Adagrad({ lr: 1, initialAccumulatorValue: 16, eps: 0 }).step([q], [g(3)]); // s = 25
    await expectClose(q, [-0.6]);
  });

  test("Adadelta measures steps by past steps", async () => {
    const p = variable(0);
    const adadelta = new Adadelta({ rho: 0.5, eps: 1 });
    await adadelta.step([p], [g(2)]); // v = 2, δ = √1 / √3 · 2, u = ⅔
    await adadelta.step([p], [g(1)]); // v = 1.5, δ = √(5/3) / √2.5
    await expectClose(p, [-2 / Math.sqrt(3) - Math.sqrt(2 / 3)]);
  });

  test("RMSprop divides by a running root mean square, or deviation, and keeps momentum", async () => {
    const [p, q] = [variable(0), variable(0)];
    const rmsprop = new RMSprop({ lr: 1, alpha: 0.75, eps: 0, momentum: 0.5 });
    await rmsprop.step([p], [g(2)]); // v = 1, b = 2
    await rmsprop.step([p], [g(0)]); // b = 1
    await expectClose(p, [-3]);
    await new RMSprop({ lr: 1, alpha: 0.75, eps: 0, centered: true }).step([q], [g(2)]); // v̂ = 1 − ½²
    await expectClose(q, [-2 / Math.sqrt(0.75)]);
  });

  test("RMSprop, centred, survives gradients that never change", async () => {
    const p = new Variable(tensor([1, 2, 3]));
    const rmsprop = new RMSprop({ lr: 1e-9, alpha: 0.5, centered: true });
    for (let i = 0; i < 60; i++) await rmsprop.step([p], [tensor([0.1, 0.3, 0.7])]);
    for (const value of await p.data()) expect(value).not.toBeNaN();
  });

  test("Adamax divides by the largest gradient, which fades", async () => {
    const p = variable(0);
    const adamax = new Adamax({ lr: 1, betas: [0.5, 0.5], eps: 0 });
    await adamax.step([p], [g(2)]); // m = 1, u = 2, step 2 · 1/2
    await adamax.step([p], [g(0)]); // m = ½, u = 1, step 4/3 · ½
    await expectClose(p, [-5 / 3]);
  });

  test("NAdam without momentum takes steps of lr, and with it looks ahead", async () => {
    const [p, q] = [variable(0), variable(0)];
    await new NAdam({ lr: 0.1, betas: [0, 0.9], eps: 0 }).step([p], [g(-7)]);
    await expectClose(p, [0.1]);
    // μ = ¼ at every step: m = 1, v̂ = 4, (¾ / ¾ · 2 + ¼ / (1 − 1/16) · 1) / 2
    await new NAdam({ lr: 1, betas: [0.5, 0.5], eps: 0, momentumDecay: 0 }).step([q], [g(2)]);
    await expectClose(q, [-(2 + 4 / 15) / 2]);
  });

  test("RAdam's first steps are plain momentum, later ones adapt", async () => {
    const p = variable(0);
    const radam = new RAdam({ lr: 0.1, eps: 0 });
    await radam.step([p], [g(30)]);
    await expectClose(p, [-3]);
    const q = variable(0);
    const short = new RAdam({ lr: 1, betas: [0, 0.5], eps: 0 }); // ρ∞ = 3: never enough to adapt
    for (let i = 0; i < 9; i++) await short.step([q], [g(2)]);
    await expectClose(q, [-18]);
    const r = variable(0);
    const long = new RAdam({ lr: 1, betas: [0, 0.9], eps: 0 }); // ρ∞ = 19, ρ > 5 from step 6 on
    for (let i = 0; i < 5; i++) await long.step([r], [g(2)]);
    await expectClose(r, [-10]);
    await long.step([r], [g(2)]);
    const rho = 19 - (12 * 0.9 ** 6) / (1 - 0.9 ** 6);
    await expectClose(r, [-10 - Math.sqrt(((rho - 4) * (rho - 2) * 19) / (15 * 17 * rho))]);
  });

  test("Lion steps by the sign of the momentum", async () => {
    const p = variable(0, 0, 10);
    const lion = new Lion({ lr: 0.5, betas: [0.5, 0.5], weightDecay: 0.2 });
    await lion.step([p], [g(4, -1e-9, 0)]);
    await expectClose(p, [-0.5, 0.5, 9]);
    await lion.step([p], [g(-1, 0, 0)]); // ½·2 − ½ > 0: the momentum outvotes the gradient
    await expectClose(p, [-0.95, 0.95, 8.1]);
  });

  test("decoupled decay shrinks the weight apart from the gradient", async () => {
    for (const Rule of [NAdam, RAdam]) {
      const [p, q] = [variable(10), variable(10)];
      const options = { lr: 0.1, betas: [0, 0.9], eps: 0 } as const;
      await new Rule({ ...options, weightDecay: 0.5, decoupledWeightDecay: true }).step([p], [g(2)]);
      await new Rule(options).step([q], [g(2)]);
      expect((await q.item()) - (await p.item()), Rule.name).toBeCloseTo(0.5, 12);
    }
  });
});

describe("groups", () => {
  test("take their own options, and the optimiser's where they have none", async () => {
    const [p, q, r] = [variable(1), variable(1), variable(1)];
    const sgd = new SGD({
      lr: 0.5,
      weightDecay: 1,
      groups: [
        { parameters: [p], lr: 0.25 },
        { parameters: [q], weightDecay: 0, maximize: true },
      ],
    });
    await sgd.step([p, q, r], [g(1), g(1), g(1)]);
    expect([await p.item(), await q.item(), await r.item()]).toEqual([0.5, 1.5, 0]);
    sgd.groups[1]!.lr = 2;
    await sgd.step([q], [g(1)]);
    expect(await q.item()).toBe(3.5);
    expect(sgd.stateDict().numbers).toMatchObject({ lr: 0.5, "groups.0.lr": 0.25, "groups.1.lr": 2 });
  });

  test("may keep other state, and their rates are saved", async () => {
    const [p, q] = [variable(1), variable(1)];
    const make = (): Adam => new Adam({ groups: [{ parameters: [q], amsgrad: true, lr: 0.1 }] });
    const adam = make();
    adam.groups[0]!.lr = 0.03;
    await adam.step([p, q], [g(1), g(1)]);
    const state = adam.stateDict();
    expect(Object.keys(state.tensors)).toEqual([
      "0.expAvg",
      "0.expAvgSq",
      "1.expAvg",
      "1.expAvgSq",
      "1.maxExpAvgSq",
    ]);
    const resumed = make();
    resumed.loadStateDict(state);
    expect(resumed.groups[0]!.lr).toBe(0.03);
    await resumed.step([p, q], [g(1), g(1)]);
    expect(resumed.stateDict().numbers["1.step"]).toBe(2);
  });

  test("a parameter given twice is refused with its name and both groups", () => {
    const p = new Variable(tensor([1]), { name: "weight" });
    const groups = [{ parameters: [p] }, { parameters: [p], lr: 1 }];
    expect(() => new SGD({ groups })).toThrow(OptionError);
    expect(() => new SGD({ groups })).toThrow(
      'SGD: parameter "weight" is given twice, in groups[0] and groups[1]',
    );
    const twice = [{ parameters: [variable(1), p, p] }];
    expect(() => new Adam({ groups: twice })).toThrow("in groups[0] and groups[0]");
  });

  test("bad options are named with their group", () => {
    const groups = [
      { parameters: [], lr: 1 },
      { parameters: [], lr: -1 },
    ];
    expect(() => new SGD({ groups })).toThrow("SGD: lr must be at least 0, not -1, in groups[1]");
    expect(() => new Adam({ groups: [{ parameters: [], eps: -1 }] })).toThrow(
      "eps must be at least 0, not -1, in groups[0]",
    );
  });
});

test.each([
  [() => new Adagrad({ lrDecay: -1 }), "Adagrad: lrDecay must be at least 0, not -1"],
  [() => new Adagrad({ initialAccumulatorValue: -1 }), "initialAccumulatorValue"],
  [() => new Adagrad({ eps: -1 }), "eps"],
  [() => new Adadelta({ rho: 1.1 }), "Adadelta: rho must be in [0, 1], not 1.1"],
  [() => new Adadelta({ weightDecay: -1 }), "weightDecay"],
  [() => new RMSprop({ alpha: 2 }), "RMSprop: alpha must be in [0, 1], not 2"],
  [() => new RMSprop({ momentum: -1 }), "momentum"],
  [() => new Adamax({ betas: [1, 0] }), "Adamax: betas[0] must be in [0, 1), not 1"],
  [() => new NAdam({ momentumDecay: -1 }), "NAdam: momentumDecay"],
  [() => new RAdam({ betas: [0, 1] }), "RAdam: betas[1]"],
  [() => new Lion({ weightDecay: -1 }), "Lion: weightDecay"],
])("options out of range: %#", (make, message) => {
  expect(make).toThrow(OptionError);
  expect(make).toThrow(message);
});
