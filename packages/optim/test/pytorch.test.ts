import { Variable, type Tensor } from "@chainrule/core";
import { loadAverages, loadGroups, loadSteps, type NamedArrays } from "@chainrule/fixtures";
import { Ema } from "@chainrule/optim";
import { expectClose } from "@chainrule/testkit";
import { expect, test } from "vitest";
import { fromFixture, optimizers } from "./setup.ts";

const names = ["0.weight", "0.bias", "2.weight", "2.bias"];

/** The fixtures' net, Linear, Tanh, Linear, and its mean squared error. */
function netOf(initial: NamedArrays): { parameters: Variable[]; loss: (x: Tensor, y: Tensor) => Tensor } {
  const parameters = names.map((name) => new Variable(fromFixture(initial[name]!)));
  const [w1, b1, w2, b2] = parameters as [Variable, Variable, Variable, Variable];
  const loss = (x: Tensor, y: Tensor): Tensor =>
    x.matmul(w1.T).add(b1).tanh().matmul(w2.T).add(b2).sub(y).square().mean();
  return { parameters, loss };
}

async function expectWeights(actual: readonly Tensor[], expected: NamedArrays, step: number): Promise<void> {
  for (const [k, name] of names.entries()) {
    const label = `${name} ${step}`;
    await expectClose(actual[k]!, fromFixture(expected[name]!), { atol: 1e-5, rtol: 0, label });
  }
}

test.each(loadSteps().map((fixture) => [fixture.name, fixture] as const))(
  "%s, fifty steps",
  async (_, fixture) => {
    const optimizer = optimizers[fixture.optimizer]!(fixture.options);
    const { parameters, loss: lossOf } = netOf(fixture.initial);
    const [x, y] = [fromFixture(fixture.x), fromFixture(fixture.y)];
    for (const [i, expected] of fixture.losses.entries()) {
      const loss = lossOf(x, y);
      await optimizer.minimize(loss, parameters);
      expect(Math.abs((await loss.item()) - expected)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(expected)));
      const after = fixture.after[String(i + 1)];
      if (after) await expectWeights(parameters, after, i + 1);
    }
  },
);

test.each(loadGroups().map((fixture) => [fixture.name, fixture] as const))(
  "%s, fifty steps",
  async (_, fixture) => {
    const { parameters, loss } = netOf(fixture.initial);
    const groups = [{ parameters: parameters.slice(0, 2), ...fixture.own }];
    const optimizer = optimizers[fixture.optimizer]!({ ...fixture.options, groups });
    const [x, y] = [fromFixture(fixture.x), fromFixture(fixture.y)];
    for (let step = 1; step <= 50; step++) {
      await optimizer.minimize(loss(x, y), parameters);
      const after = fixture.after[String(step)];
      if (after) await expectWeights(parameters, after, step);
    }
  },
);

test.each(loadAverages().map((fixture) => [fixture.name, fixture] as const))("%s", async (_, fixture) => {
  const { parameters, loss } = netOf(fixture.initial);
  const optimizer = optimizers[fixture.optimizer]!(fixture.options);
  const [x, y] = [fromFixture(fixture.x), fromFixture(fixture.y)];
  await optimizer.minimize(loss(x, y), parameters);
  const ema = new Ema(parameters, { decay: fixture.decay });
  await expectWeights(ema.averages, fixture.after["1"]!, 1);
  for (let step = 2; step <= 50; step++) {
    await optimizer.minimize(loss(x, y), parameters);
    ema.update();
    const after = fixture.after[String(step)];
    if (after) await expectWeights(ema.averages, after, step);
  }
});
