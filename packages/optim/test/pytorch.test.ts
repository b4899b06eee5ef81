import { Variable } from "@chainrule/core";
import { loadSteps } from "@chainrule/fixtures";
import { Adam, AdamW, SGD, type Optimizer } from "@chainrule/optim";
import { expectClose } from "@chainrule/testkit";
import { expect, test } from "vitest";
import { fromFixture } from "./setup.ts";

const optimizers: Record<string, (options: object) => Optimizer> = {
  SGD: (options) => new SGD(options),
  Adam: (options) => new Adam(options),
  AdamW: (options) => new AdamW(options),
};

test.each(loadSteps().map((fixture) => [fixture.name, fixture] as const))(
  "%s, fifty steps",
  async (_, fixture) => {
    const optimizer = optimizers[fixture.optimizer]!(fixture.options);
    const names = ["0.weight", "0.bias", "2.weight", "2.bias"];
    const parameters = names.map((name) => new Variable(fromFixture(fixture.initial[name]!)));
    const [w1, b1, w2, b2] = parameters as [Variable, Variable, Variable, Variable];
    const [x, y] = [fromFixture(fixture.x), fromFixture(fixture.y)];
    for (const [i, expected] of fixture.losses.entries()) {
      const output = x.matmul(w1.T).add(b1).tanh().matmul(w2.T).add(b2);
      const loss = output.sub(y).square().mean();
      await optimizer.minimize(loss, parameters);
      expect(Math.abs((await loss.item()) - expected)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(expected)));
      const after = fixture.after[String(i + 1)];
      if (!after) continue;
      for (const [k, name] of names.entries()) {
        await expectClose(parameters[k]!, fromFixture(after[name]!), {
          atol: 1e-5,
          rtol: 0,
          label: `${name} ${i + 1}`,
        });
      }
    }
  },
);
