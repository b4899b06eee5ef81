import { compile, OptionError, StateError, Variable, tensor } from "@chainrule/core";
import { Ema, SGD } from "@chainrule/optim";
import { describe, expect, test } from "vitest";
import { batch, network, valuesOf, variable } from "./setup.ts";

describe("Ema", () => {
  test("e ← d·e + (1 − d)·p, from the weights as they are", async () => {
    const p = variable(8);
    const ema = new Ema([p], { decay: 0.75 });
    p.assign(variable(0));
    ema.update();
    ema.update();
    expect(await ema.averages[0]!.item()).toBe(8 * 0.75 ** 2);
    expect(ema.updates).toBe(2);
  });

  test("with a warm-up early updates keep (1 + t) / (10 + t)", async () => {
    const [p, q] = [variable(1), new Variable(tensor([1]))];
    const ema = new Ema([p, q], { decay: 0.2, warmup: true });
    [p, q].forEach((x) => x.assign(x.mul(0)));
    ema.update();
    expect(await ema.averages[0]!.item()).toBeCloseTo(2 / 11, 12);
    expect(await ema.averages[1]!.item()).toBeCloseTo(2 / 11, 6);
    ema.update();
    expect(await ema.averages[0]!.item()).toBeCloseTo((2 / 11) * 0.2, 12);
  });

  test("apply swaps the averages in and restore the weights back, bit for bit", async () => {
    const p = variable(2, 4);
    const ema = new Ema([p], { decay: 0.5 });
    p.assign(variable(0, 1));
    ema.update();
    await ema.apply();
    expect(ema.applied).toBe(true);
    expect(await p.toArray()).toEqual([1, 2.5]);
    await ema.restore();
    expect(ema.applied).toBe(false);
    expect(await p.toArray()).toEqual([0, 1]);
  });

  test("captured updates give the bits of uncaptured ones, and count once a replay", async () => {
    const [plain, captured] = [network(), network()];
    const [a, b] = [
      new Ema(plain.parameters, { warmup: true }),
      new Ema(captured.parameters, { warmup: true }),
    ];
    const [first, second] = [new SGD({ lr: 0.1 }), new SGD({ lr: 0.1 })];
    const step = compile((x: ReturnType<typeof tensor>, y: ReturnType<typeof tensor>) => {
      const loss = captured.loss(x, y);
      second.update(captured.parameters, loss.gradient(...captured.parameters));
      b.update();
      return loss;
    });
    for (let i = 0; i < 6; i++) {
      const [x, y] = batch(i);
      await first.minimize(plain.loss(x, y), plain.parameters);
      a.update();
      step(x, y);
      expect(await valuesOf(b.averages)).toEqual(await valuesOf(a.averages));
    }
    expect([a.updates, b.updates]).toEqual([6, 6]);
  });

  test("calls out of turn and bad options are refused", async () => {
    const p = variable(1);
    expect(() => new Ema([p], { decay: 1.5 })).toThrow(OptionError);
    expect(() => new Ema([p, p])).toThrow("Ema: parameters 0 and 1 are the same");
    const ema = new Ema([p]);
    await expect(ema.restore()).rejects.toThrow(StateError);
    await ema.apply();
    await expect(ema.apply()).rejects.toThrow("applied already");
    expect(() => ema.update()).toThrow("while the averages are applied");
    ema.updates = 7;
    expect(ema.updates).toBe(7);
  });
});
