import { compile, OptionError, tensor, type Tensor } from "@chainrule/core";
import { constrainMaxNorm, l1Penalty, l2Penalty, Linear, maxNorm, mseLoss } from "@chainrule/nn";
import { expectClose, gradCheck } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { messageOf } from "./setup.ts";

const [a, b] = [tensor([[1, -2], [3, 0]]), tensor([-0.5])]; // prettier-ignore

describe("penalties", () => {
  test("sum over all elements of all parameters", async () => {
    expect(await l1Penalty([a, b], 0.1).item()).toBeCloseTo(0.65, 6);
    expect(await l2Penalty([a, b], 0.1).item()).toBeCloseTo(1.425, 6);
    expect(await l1Penalty([], 1).item()).toBe(0);
    expect(l2Penalty([a], 1).shape).toEqual([]);
  });

  test("their gradients are λ·sign(w) and 2λ·w", async () => {
    expect(await l1Penalty([a, b], 2).gradient(a)[0]!.toArray()).toEqual([[2, -2], [2, 0]]); // prettier-ignore
    expect(await l2Penalty([a, b], 2).gradient(a)[0]!.toArray()).toEqual([[4, -8], [12, 0]]); // prettier-ignore
    const x = tensor(Float64Array.of(0.5, -1, 2));
    await gradCheck((w) => l2Penalty([w], 0.3), [x], { order: 2 });
    await gradCheck((w) => l1Penalty([w], 0.3), [x]);
  });

  test("are added to a loss of the same parameters", async () => {
    const layer = new Linear(2, 2);
    const loss = mseLoss(layer.forward(a), a);
    const together = loss.add(l2Penalty([layer.weight], 0.5)).gradient(layer.weight)[0]!;
    await expectClose(together, await loss.gradient(layer.weight)[0]!.add(layer.weight).data());
  });

  test("refuse a strength below 0", () => {
    expect(() => l1Penalty([a], -1)).toThrow(OptionError);
    expect(messageOf(() => l2Penalty([a], Number.NaN))).toContain("l2Penalty: strength must be ≥ 0, not NaN");
  });
});

describe("max-norm", () => {
  const weight = tensor([[3, 4], [0.3, 0.4], [0, 0]]); // prettier-ignore

  test("shortens rows that are too long, and leaves the others as they are", async () => {
    await expectClose(maxNorm(weight, 2), [1.2, 1.6, 0.3, 0.4, 0, 0]);
    const kept = await maxNorm(weight, 5).data();
    expect(kept).toEqual(await weight.data());
    const kernels = tensor([[[3, 4]], [[1, 0]]]); // prettier-ignore
    await expectClose(maxNorm(kernels, 1), [0.6, 0.8, 1, 0]);
    expect(() => maxNorm(weight, 0)).toThrow(OptionError);
  });

  test("constrains a model's weights and not its biases, captured as well", async () => {
    const constrained = async (apply: (layer: Linear) => void): Promise<Linear> => {
      const layer = new Linear(2, 3);
      layer.weight.assign(weight);
      layer.bias!.assign(tensor([7, 8, 9]));
      apply(layer);
      await expectClose(layer.weight, [1.2, 1.6, 0.3, 0.4, 0, 0]);
      expect(await layer.bias!.toArray()).toEqual([7, 8, 9]);
      return layer;
    };
    await constrained((layer) => constrainMaxNorm(layer.parameters(), 2));
    await constrained((layer) => {
      const run = compile((x: Tensor) => {
        constrainMaxNorm(layer.parameters(), 2);
        return x;
      });
      run(tensor([1]));
    });
  });
});
