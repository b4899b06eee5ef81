import { cpu } from "@chainrule/backend-cpu";
import { arange, full, gradient, ones, registerBackend, type Tensor, tensor, zeros } from "@chainrule/core";
import { beforeAll, describe, expect, it } from "vitest";
import { numbersOf } from "./support.ts";

beforeAll(() => registerBackend(cpu));

const gradientOf = (y: Tensor, x: Tensor): Promise<number[]> => numbersOf(y.sum().gradient(x)[0]!);

describe("a gradient may be asked for any tensor", () => {
  it.each([
    ["a product", (x: Tensor) => x.mul(3), [3, 3]],
    ["a square", (x: Tensor) => x.mul(x), [4, 4]],
    ["a sum with another constant", (x: Tensor) => x.add(ones([2])).mul(2), [2, 2]],
    ["a quotient", (x: Tensor) => ones([2]).div(x), [-0.25, -0.25]],
    ["a negation", (x: Tensor) => x.neg(), [-1, -1]],
    ["a cast", (x: Tensor) => x.cast("float64"), [1, 1]],
    ["a reshape", (x: Tensor) => x.reshape(1, 2).square(), [4, 4]],
    ["a repeat", (x: Tensor) => x.broadcastTo([3, 2]), [3, 3]],
    ["a transpose", (x: Tensor) => x.reshape(2, 1).transpose(), [1, 1]],
    ["a slice", (x: Tensor) => x.slice([1, 2]), [0, 1]],
    ["a flip", (x: Tensor) => x.flip().mul(tensor([5, 7])), [7, 5]],
    ["padding", (x: Tensor) => x.pad([[1, 1]], 4).square(), [4, 4]],
  ])("a constant, through %s", async (_, fn, expected) => {
    const x = full([2], 2);
    expect(await gradientOf(fn(x), x)).toEqual(expected);
  });

  it("a neutral constant, which changes nothing", async () => {
    const [one, zero, y] = [ones([2]), zeros([2]), tensor([3, 4])];
    expect(await gradientOf(y.mul(one), one)).toEqual([3, 4]);
    expect(await gradientOf(y.sub(zero), zero)).toEqual([-1, -1]);
  });

  it.each([
    ["neg", (x: Tensor) => x.neg(), (x: Tensor) => x.neg()],
    ["reshape", (x: Tensor) => x.reshape(4), (x: Tensor) => x.reshape(2, 2)],
    ["transpose", (x: Tensor) => x.transpose(), (x: Tensor) => x.transpose()],
    ["broadcastTo", (x: Tensor) => x.broadcastTo([1, 2, 2]), (x: Tensor) => x.broadcastTo([1, 1, 2, 2])],
    [
      "pad",
      (x: Tensor) =>
        x.pad([
          [1, 0],
          [0, 0],
        ]),
      (x: Tensor) =>
        x.pad([
          [0, 1],
          [0, 0],
        ]),
    ],
    ["cast", (x: Tensor) => x.cast("float64"), (x: Tensor) => x.cast("float64")],
    ["stopGradient before", (x: Tensor) => x.stopGradient(), (x: Tensor) => x.mul(1)],
  ])("an intermediate, when %s undoes or repeats what made it", async (_, make, use) => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    for (const computed of [false, true]) {
      const middle = make(x);
      if (computed) await middle.data();
      const y = use(middle);
      expect(new Set(await gradientOf(y, middle)).size).toBe(1);
      const [g] = gradient(y.mul(y).sum(), [middle]);
      const doubled = (await numbersOf(middle)).map((value) => Math.abs(2 * value));
      expect((await numbersOf(g!)).map(Math.abs)).toEqual(doubled);
    }
  });

  it("the result itself, and a tensor that is not reached", async () => {
    const y = tensor([2]).square().sum();
    const [own, other] = y.gradient(y, tensor([1, 2]));
    expect([await numbersOf(own!), await numbersOf(other!)]).toEqual([[1], [0, 0]]);
  });

  it("integers on the way let go of their past and still compute", async () => {
    const x = arange(6).reshape(2, 3).add(1);
    for (const use of [
      (y: Tensor) => y.neg(),
      (y: Tensor) => y.transpose(),
      (y: Tensor) =>
        y.pad([
          [1, 0],
          [0, 1],
        ]),
      (y: Tensor) => y.reshape(6),
      (y: Tensor) => y.broadcastTo([1, ...y.shape]),
    ]) {
      const lazy = await numbersOf(use(use(x)));
      const middle = use(x);
      await middle.data();
      expect(await numbersOf(use(middle))).toEqual(lazy);
    }
  });
});
