import { compile, NumericError, OptionError, tensor, Variable, type Tensor } from "@chainrule/core";
import { loadLbfgs, loadRosenbrock } from "@chainrule/fixtures";
import { LBFGS } from "@chainrule/optim";
import { expectClose } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { fromFixture, valuesOf, variable } from "./setup.ts";

/** Σ 100·(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)². */
function rosenbrock(x: Tensor): Tensor {
  const [left, right] = [x.slice([0, -1]), x.slice([1, null])];
  const valley = right.sub(left.square()).square().mul(100);
  return valley.add(left.neg().add(1).square()).sum();
}

describe("Rosenbrock's function in ten dimensions, in no more evaluations than PyTorch", () => {
  test.each(loadRosenbrock().map((fixture) => [fixture.name, fixture] as const))("%s", async (_, fixture) => {
    const x = variable(...fixture.start);
    const { historySize } = fixture;
    const limits = { maxIter: 1000, maxEval: 10_000, toleranceGrad: 1e-12, toleranceChange: 1e-16 };
    const lbfgs = new LBFGS([x], { ...limits, historySize });
    const values: Tensor[] = [];
    const report = await lbfgs.step(() => {
      const value = rosenbrock(x);
      values.push(value);
      return value;
    });
    const losses = await Promise.all(values.map((value) => value.item()));
    const evaluations = 1 + losses.findIndex((loss) => loss <= fixture.target);
    expect(evaluations).toBeGreaterThan(0);
    expect(evaluations).toBeLessThanOrEqual(fixture.evaluations);
    expect(report).toMatchObject({ evaluations: values.length, converged: true });
    expect(lbfgs.evaluations).toBe(values.length);
    expect(lbfgs.iterations).toBe(report.iterations);
    expect(await rosenbrock(x).item()).toBe(report.loss);
    await expectClose(x, new Float64Array(10).fill(1), { atol: 1e-6 });
  });
});

test.each(loadLbfgs().map((fixture) => [fixture.name, fixture] as const))(
  "%s as in PyTorch",
  async (_, fixture) => {
    const names = ["0.weight", "0.bias", "2.weight", "2.bias"];
    const parameters = names.map((name) => new Variable(fromFixture(fixture.initial[name]!)));
    const [w1, b1, w2, b2] = parameters as [Variable, Variable, Variable, Variable];
    const [x, y] = [fromFixture(fixture.x), fromFixture(fixture.y)];
    const lbfgs = new LBFGS(parameters, fixture.options);
    for (const [call, after] of fixture.after.entries()) {
      await lbfgs.step(() => x.matmul(w1.T).add(b1).tanh().matmul(w2.T).add(b2).sub(y).square().mean());
      for (const [k, name] of names.entries()) {
        await expectClose(parameters[k]!, fromFixture(after[name]!), { rtol: 1e-6, atol: 1e-8, label: name });
      }
      // Without a line search PyTorch leaves out the last evaluation, and with it the loss where it ended.
      const left = fixture.options.lineSearch === null ? call + 1 : 0;
      expect(lbfgs.evaluations).toBe(fixture.evaluations[call]! + left);
    }
  },
);

/** ½·xᵀAx − b·x with A = diag(1, 2, …), whose minimum is bᵢ/i. */
function quadratic(x: Tensor, dtype: "float32" | "float64"): Tensor {
  const scales = tensor([1, 2, 3, 4, 5], { dtype });
  return x.square().mul(scales).mul(0.5).sub(x).sum();
}

test("a captured closure gives the bits of an uncaptured one", async () => {
  const [plain, captured] = [variable(3, -1, 2, 0, 1), variable(3, -1, 2, 0, 1)];
  const [first, second] = [new LBFGS([plain], { maxIter: 6 }), new LBFGS([captured], { maxIter: 6 })];
  const closure = compile(() => {
    const loss = rosenbrock(captured);
    return { loss, gradients: loss.gradient(captured) };
  });
  for (let i = 0; i < 4; i++) {
    const a = await first.step(() => rosenbrock(plain));
    const b = await second.step(closure);
    expect(b).toEqual(a);
    expect(await captured.data()).toEqual(await plain.data());
  }
});

test("a quadratic is solved, in float32 too, and by parameters of any shape", async () => {
  const x = new Variable(tensor(new Float32Array([3, -3, 3, -3, 3]), { shape: [5, 1] }));
  const report = await new LBFGS([x], { maxIter: 50 }).step(() => quadratic(x.reshape(5), "float32"));
  expect(report.converged).toBe(true);
  await expectClose(x, [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5], { atol: 1e-3 });
});

test("trials outside the domain of the loss come back into it", async () => {
  const x = variable(1);
  // x − ln x, undefined below 0, with its minimum at 1; the first step would go to −9.
  const lbfgs = new LBFGS([x], { lr: 1e3, maxIter: 30, maxEval: 500 });
  x.assign(variable(10));
  const report = await lbfgs.step(() => x.sub(x.log()).sum());
  expect(report.converged).toBe(true);
  await expectClose(x, [1], { atol: 1e-5 });
});

test("reset forgets past steps", async () => {
  const [a, b] = [variable(2, 2, 2, 2, 2), variable(2, 2, 2, 2, 2)];
  const [used, fresh] = [new LBFGS([a], { maxIter: 3 }), new LBFGS([b], { maxIter: 3 })];
  await used.step(() => rosenbrock(a));
  a.assign(variable(2, 2, 2, 2, 2));
  used.reset();
  await used.step(() => quadratic(a, "float64"));
  await fresh.step(() => quadratic(b, "float64"));
  expect(await a.data()).toEqual(await b.data());
});

describe("bad calls", () => {
  const p = variable(1);

  test("options out of range and parameters given twice", () => {
    expect(() => new LBFGS([])).toThrow("LBFGS: there are no parameters");
    expect(() => new LBFGS([p, p])).toThrow("parameters 0 and 1 are the same");
    expect(() => new LBFGS([p], { lr: 0 })).toThrow(OptionError);
    expect(() => new LBFGS([p], { maxIter: 0 })).toThrow("maxIter must be a whole number ≥ 1, not 0");
    expect(() => new LBFGS([p], { historySize: 1.5 })).toThrow("historySize");
    expect(() => new LBFGS([p], { toleranceGrad: -1 })).toThrow("toleranceGrad");
    // @ts-expect-error no such line search
    expect(() => new LBFGS([p], { lineSearch: "armijo" })).toThrow('lineSearch is "strongWolfe" or null');
  });

  test("a loss that is not finite at the start, and a closure that fails, leave the weights alone", async () => {
    const x = variable(-1, 2);
    const lbfgs = new LBFGS([x]);
    await expect(lbfgs.step(() => x.log().sum())).rejects.toThrow(NumericError);
    let calls = 0;
    const failing = lbfgs.step(() => {
      if (++calls === 3) throw new Error("no more");
      return rosenbrock(x);
    });
    await expect(failing).rejects.toThrow("no more");
    expect(await valuesOf([x])).toEqual([[-1, 2]]);
    await expect(lbfgs.step(() => ({ loss: rosenbrock(x), gradients: [] }))).rejects.toThrow(
      "1 parameters but 0 gradients",
    );
  });
});
