import { cpu } from "@chainrule/backend-cpu";
import {
  AxisError,
  gradient,
  OptionError,
  overlapAdd,
  registerBackend,
  ShapeError,
  slidingWindows,
  tensor,
  zeros,
  type Tensor,
} from "@chainrule/core";
import { expectClose, gradCheck, randomValues } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";

registerBackend(cpu);

const numbers = (seed: number, shape: readonly number[]): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(Float64Array.from(randomValues(seed, size)), { shape });
};

test("windows by hand, and their transpose", async () => {
  const x = tensor([1, 2, 3, 4, 5]);
  const y = slidingWindows(x, 0, 2, { stride: 2, dilation: 2 });
  expect(await y.toArray()).toEqual([[1, 3], [3, 5]]); // prettier-ignore
  expect(await overlapAdd(y, 0, 6, { stride: 2, dilation: 2 }).toArray()).toEqual([1, 0, 6, 0, 5, 0]);
});

// Side by side, with a gap, overlapping in and out of step with the stride, more than are written out.
const layouts = [
  [9, 3, 3, 1],
  [9, 2, 3, 1],
  [9, 3, 1, 1],
  [9, 3, 2, 1],
  [10, 3, 2, 3],
  [11, 2, 3, 4],
  [12, 5, 4, 2],
  [9, 1, 1, 2],
  [90, 40, 7, 1],
] as const;

describe.each(layouts)("along %i, windows of %i every %i, %i apart", (length, size, stride, dilation) => {
  const options = { stride, dilation };

  test.each([0, 1])(
    "⟨windows(x), u⟩ = ⟨x, overlapAdd(u)⟩ on axis %i, which is the gradient",
    async (axis) => {
      const x = numbers(1, axis === 0 ? [length, 2] : [2, length]);
      const y = slidingWindows(x, axis, size, options);
      expect(y.shape[axis]).toBe(Math.floor((length - (size - 1) * dilation - 1) / stride) + 1);
      const u = numbers(2, y.shape);
      const back = overlapAdd(u, axis, length, options);
      expect(back.shape).toEqual(x.shape);
      await expectClose(y.mul(u).sum(), x.mul(back).sum());
      expect(await gradient(y, [x], { upstream: u })[0]!.data()).toEqual(await back.data());
    },
  );

  // Differences of the second order take a run for each pair of elements: short lines say as much.
  if (length > 20) return;
  test("both have the derivatives of finite differences", async () => {
    const x = numbers(3, [length]);
    await gradCheck((t) => slidingWindows(t, 0, size, options).exp(), [x], { order: 2 });
    const u = numbers(4, slidingWindows(x, 0, size, options).shape);
    await gradCheck((t) => overlapAdd(t, 0, length, options).exp(), [u], { order: 2 });
  });
});

test("refuse what does not fit", () => {
  expect(() => slidingWindows(zeros([4]), 0, 3, { dilation: 2 })).toThrow(ShapeError);
  expect(() => slidingWindows(zeros([4]), 1, 2)).toThrow(AxisError);
  expect(() => slidingWindows(zeros([4]), 0, 0)).toThrow(OptionError);
  expect(() => slidingWindows(zeros([4]), 0, 2, { stride: 0.5 })).toThrow("stride is a whole number ≥ 1");
  expect(() => overlapAdd(zeros([3, 2]), 0, 3)).toThrow("reach past 3");
  expect(() => overlapAdd(zeros([3, 2]), 1, 9)).toThrow(AxisError);
});
