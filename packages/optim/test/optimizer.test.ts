import { OptionError, ShapeError, tensor, zeros, type Tensor } from "@chainrule/core";
import { Adam, AdamW, Optimizer, SGD, type Updated } from "@chainrule/optim";
import { expectClose } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { batch, network, rules, valuesOf, variable } from "./setup.ts";

const float64 = (...values: number[]): ReturnType<typeof tensor> => tensor(Float64Array.from(values));

describe("rules by hand", () => {
  test("SGD: p − lr·g", async () => {
    const p = variable(1, 2);
    await new SGD({ lr: 0.1 }).step([p], [float64(3, -4)]);
    await expectClose(p, [0.7, 2.4]);
  });

  test("SGD with momentum: the first step is not dampened", async () => {
    const p = variable(0);
    const sgd = new SGD({ lr: 1, momentum: 0.5, dampening: 0.25 });
    await sgd.step([p], [float64(4)]); // b = 4
    await sgd.step([p], [float64(8)]); // b = 0.5·4 + 0.75·8 = 8
    await expectClose(p, [-12]);
  });

  test("SGD with Nesterov momentum: p − lr·(g + μ·b)", async () => {
    const p = variable(0);
    const sgd = new SGD({ lr: 1, momentum: 0.5, nesterov: true });
    await sgd.step([p], [float64(4)]); // b = 4, p = −(4 + 2)
    await sgd.step([p], [float64(2)]); // b = 4, p = −6 − (2 + 2)
    await expectClose(p, [-10]);
  });

  test("SGD with weight decay: g + λ·p", async () => {
    const p = variable(10);
    await new SGD({ lr: 0.1, weightDecay: 0.5 }).step([p], [float64(1)]);
    await expectClose(p, [10 - 0.1 * (1 + 5)]);
  });

  test("Adam: the first step is lr · sign(g), whatever the size of g", async () => {
    const p = variable(1, 1, 1);
    await new Adam({ lr: 0.1, eps: 0 }).step([p], [float64(1e-3, -7, 1e5)]);
    await expectClose(p, [0.9, 1.1, 0.9]);
  });

  test("Adam: two steps", async () => {
    const p = variable(0);
    const adam = new Adam({ lr: 1, betas: [0.5, 0.75], eps: 0 });
    await adam.step([p], [float64(2)]); // m = 1, v = 1: m̂ = 2, v̂ = 4
    await expectClose(p, [-1]);
    await adam.step([p], [float64(4)]); // m = 2.5, v = 4.75: m̂ = 10/3, v̂ = 76/7
    await expectClose(p, [-1 - 10 / 3 / Math.sqrt(76 / 7)]);
  });

  test("AMSGrad divides by the largest v so far", async () => {
    const p = variable(0);
    const adam = new Adam({ lr: 1, betas: [0, 0.5], eps: 0, amsgrad: true });
    await adam.step([p], [float64(2)]); // v = 2, v̂ = 4
    await adam.step([p], [float64(0)]); // v = 1, largest 2: m = 0
    await expectClose(p, [-1]);
    await adam.step([p], [float64(1)]); // v = 1, largest 2, v̂ = 2 / (1 − 1/8)
    await expectClose(p, [-1 - 1 / Math.sqrt(16 / 7)]);
  });

  test("Adam's weight decay goes through the moments, AdamW's does not", async () => {
    const [p, q] = [variable(10), variable(10)];
    await new Adam({ lr: 0.1, weightDecay: 0.5, eps: 0 }).step([p], [float64(1)]);
    await new AdamW({ lr: 0.1, weightDecay: 0.5, eps: 0 }).step([q], [float64(1)]);
    await expectClose(p, [9.9]);
    await expectClose(q, [10 * 0.95 - 0.1]);
  });

  test("maximize climbs", async () => {
    const p = variable(0);
    await new SGD({ lr: 0.5, maximize: true }).step([p], [float64(2)]);
    await expectClose(p, [1]);
  });
});

describe.each(rules)("%s", (_, make) => {
  test("minimize brings the loss down", async () => {
    const { parameters, loss } = network();
    const optimizer = make();
    const [x, y] = batch(0);
    const before = await loss(x, y).item();
    for (let i = 0; i < 100; i++) await optimizer.minimize(loss(x, y), parameters);
    expect(await loss(x, y).item()).toBeLessThan(0.75 * before);
  });

  test("follows lr", async () => {
    const { parameters, loss } = network();
    const optimizer = make();
    const [x, y] = batch(0);
    await optimizer.minimize(loss(x, y), parameters);
    const before = await valuesOf(parameters);
    optimizer.lr = 0;
    await optimizer.minimize(loss(x, y), parameters);
    expect(await valuesOf(parameters)).toEqual(before);
  });

  test("parameters that join later count their own steps", async () => {
    const [early, late, alone] = [variable(1), variable(1), variable(1)];
    const [both, other] = [make(), make()];
    await both.step([early], [float64(0.5)]);
    for (const g of [0.2, 0.7]) {
      await both.step([early, late], [float64(0.1), float64(g)]);
      await other.step([alone], [float64(g)]);
    }
    expect(await late.data()).toEqual(await alone.data());
  });

  test("parameters of both float dtypes step together", async () => {
    const [p, q] = [variable(1), network().parameters[0]!];
    const alone = variable(1);
    const [together, other] = [make(), make()];
    for (let i = 0; i < 2; i++) {
      await together.step([q, p], [zeros([3, 4]), float64(0.5)]);
      await other.step([alone], [float64(0.5)]);
    }
    expect(await p.data()).toEqual(await alone.data());
  });
});

/** Signs of a running mean: a rule as a user would write it. */
class SignMomentum extends Optimizer<{ lr: number; maximize: boolean; keep: number }, "mean", "lr" | "keep"> {
  constructor(keep: number) {
    super({ lr: 0.5, maximize: false, keep });
  }

  protected override slots(): readonly "mean"[] {
    return ["mean"];
  }

  protected override scalars(step: number): Record<"lr" | "keep", number> {
    return { lr: this.lr / step, keep: this.options.keep };
  }

  protected override rule(
    parameter: Tensor,
    gradient: Tensor,
    state: Record<"mean", Tensor>,
    scalars: Record<"lr" | "keep", Tensor>,
  ): Updated<"mean"> {
    const mean = state.mean.mul(scalars.keep).add(gradient);
    return { parameter: parameter.sub(mean.sign().mul(scalars.lr)), mean };
  }
}

test("a rule of one's own has its state, its scalars and its steps", async () => {
  const p = variable(0, 0);
  const optimizer = new SignMomentum(0.5);
  await optimizer.step([p], [float64(2, -1)]);
  expect(await p.toArray()).toEqual([-0.5, 0.5]);
  await optimizer.step([p], [float64(-0.5, 0)]); // means 0.5 and −0.5, rate 0.5 / 2
  expect(await p.toArray()).toEqual([-0.75, 0.75]);
  expect(Object.keys(optimizer.stateDict().tensors)).toEqual(["0.mean"]);
});

describe("bad calls", () => {
  const p = variable(1);

  test("options out of range are named with what they may be", () => {
    expect(() => new SGD({ lr: -1 })).toThrow(OptionError);
    expect(() => new SGD({ lr: -1 })).toThrow("SGD: lr must be at least 0, not -1");
    expect(() => new SGD({ momentum: Number.NaN })).toThrow("momentum must be at least 0, not NaN");
    expect(() => new SGD({ weightDecay: -0.1 })).toThrow("weightDecay");
    expect(() => new SGD({ nesterov: true })).toThrow("not momentum 0, dampening 0");
    expect(() => new SGD({ nesterov: true, momentum: 0.9, dampening: 0.1 })).toThrow("dampening 0.1");
    expect(() => new Adam({ betas: [0.9, 1] })).toThrow("Adam: betas[1] must be in [0, 1), not 1");
    expect(() => new Adam({ betas: [-0.1, 0.9] })).toThrow("betas[0]");
    expect(() => new AdamW({ eps: -1 })).toThrow("AdamW: eps must be at least 0");
    expect(() => new AdamW({ weightDecay: -1 })).toThrow("AdamW: weightDecay");
  });

  test("gradients must match the parameters", () => {
    const sgd = new SGD();
    expect(() => sgd.update([p], [])).toThrow("SGD: 1 parameters but 0 gradients");
    expect(() => sgd.update([p], [float64(1, 2)])).toThrow(ShapeError);
    expect(() => sgd.update([p], [float64(1, 2)])).toThrow("parameter 0 has shape [1], its gradient [2]");
    expect(() => sgd.update([p, p], [float64(1), float64(1)])).toThrow("parameters 0 and 1 are the same");
  });

  test("a step that cannot be computed leaves the weights as they were", async () => {
    const weight = variable(1, 2);
    const adam = new Adam({ lr: 0.1 });
    await adam.step([weight], [float64(1, 1)]);
    const before = await weight.data();
    const labels = tensor([5], { dtype: "int32" });
    const loss = weight.gather(labels, 0).sum();
    await expect(adam.minimize(loss, [weight])).rejects.toThrow();
    expect(await weight.data()).toEqual(before);
    await adam.step([weight], [float64(1, 1)]);
    const other = variable(1, 2);
    const twin = new Adam({ lr: 0.1 });
    for (let i = 0; i < 2; i++) await twin.step([other], [float64(1, 1)]);
    expect(await weight.data()).toEqual(await other.data());
  });
});
