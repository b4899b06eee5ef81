import { cpu } from "@chainrule/backend-cpu";
import { registerBackend, tensor } from "@chainrule/core";
import { describe, expect, it } from "vitest";
import { expectClose, sumTolerance } from "../src/index.ts";

registerBackend(cpu);

describe("expectClose", () => {
  it("takes PyTorch's bound of the dtype", () => {
    const at = (x: number): Float32Array => Float32Array.of(x);
    expectClose(at(1.00001), at(1));
    expect(() => expectClose(at(1.0001), at(1))).toThrow(/rtol 0.0000013, atol 0.00001/);
    expectClose([1 + 1e-7], [1]);
    expect(() => expectClose([1 + 1e-6], [1])).toThrow(/bound 2/);
    expect(() => expectClose(Float64Array.of(1 + 1e-6), [1])).toThrow();
    expect(() => expectClose(Int32Array.of(3), [4])).toThrow(/rtol 0, atol 0/);
  });

  it("takes the wider bound where dtypes differ", () => {
    expectClose(Float32Array.of(0.1), Float64Array.of(0.1));
  });

  it("meets NaN by NaN, infinities by the same, and zeros by sign", () => {
    expectClose([NaN, Infinity, -Infinity, -0, 0], [NaN, Infinity, -Infinity, -0, 0]);
    expect(() => expectClose([1], [NaN], { atol: 1e9 })).toThrow(/must be met exactly/);
    expect(() => expectClose([NaN], [1])).toThrow(/must be met exactly/);
    expect(() => expectClose([-Infinity], [Infinity])).toThrow(/must be met exactly/);
    expect(() => expectClose([1e308], [Infinity], { rtol: 1 })).toThrow(/must be met exactly/);
    expect(() => expectClose([0], [-0])).toThrow(/actual 0, expected -0: zeros of unlike sign/);
    expectClose([0], [-0], { signedZero: false });
    expectClose([1e-9], [-0]);
  });

  it("names the worst element, its place, both values and the bound", () => {
    const expected = [1, 2, 3, 4, 5, 6];
    const actual = [1, 2, 3.5, 4, 5, 9];
    expect(() =>
      expectClose(actual, expected, { shape: [2, 3], atol: 0.25, rtol: 0, label: "weights" }),
    ).toThrow(
      "weights: 2 of 6 elements differ (rtol 0, atol 0.25); " +
        "worst at [1, 2]: actual 9, expected 6: |difference| 3 > bound 0.25",
    );
    expect(() => expectClose([1], [1, 2])).toThrow(/1 elements where 2 are expected/);
  });

  it("puts what can have no distance before what is merely far", () => {
    expect(() => expectClose([100, NaN], [1, 1])).toThrow(/worst at element 1/);
  });

  it("awaits tensors, and holds them to one shape", async () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    await expectClose(x, [1, 2, 3, 4]);
    await expectClose([1, 2, 3, 4], x);
    await expectClose(x, x);
    await expect(expectClose(x, tensor([1, 2, 3, 4]))).rejects.toThrow(/shapes \[2, 2\] and \[4\] differ/);
    await expect(expectClose(x, [1, 2, 3, 5])).rejects.toThrow(/worst at \[1, 1\]/);
  });

  it("widens the bound of a sum by the root of its terms", () => {
    expect(sumTolerance("float32", 100).atol).toBeCloseTo(1e-4, 12);
    expect(sumTolerance("int32", 100)).toEqual({ rtol: 0, atol: 0 });
  });
});
