import { cpu } from "@chainrule/backend-cpu";
import { customGradient, registerBackend, type Tensor, tensor } from "@chainrule/core";
import { describe, expect, it } from "vitest";
import { gradCheck } from "../src/index.ts";

registerBackend(cpu);

const x = (): Tensor => tensor([0.5, -1.2, 2], { dtype: "float64" });

/** x³, with the derivative scaled by `factor`. */
const cube = (factor: number): ((...xs: Tensor[]) => Tensor) =>
  customGradient(
    (a: Tensor) => a.mul(a).mul(a),
    (g: Tensor, _y: Tensor, a: Tensor) => [
      g
        .mul(a)
        .mul(a)
        .mul(3 * factor),
    ],
  );

describe("gradCheck", () => {
  it("accepts right gradients of both orders", async () => {
    await gradCheck((a, b) => a.mul(b).exp().sum(), [x(), x()], { order: 2 });
    await gradCheck(cube(1), [x()], { order: 2 });
  });

  it("names the input and the element of a wrong one", async () => {
    const wrong = gradCheck((a, b) => a.add(cube(1.01)(b)), [x(), x()]);
    await expect(wrong).rejects.toThrow(
      /gradient of input 1, element 0 of \[3\] \(value 0\.5\): analytic .*by diff/,
    );
  });

  it("finds a first order that is right and a second that is not", async () => {
    const flat = customGradient(
      (a: Tensor) => a.mul(a).mul(a),
      (g: Tensor, _y: Tensor, a: Tensor) => [g.mul(a.mul(a).mul(3).stopGradient())],
    );
    await gradCheck(flat, [x()]);
    await expect(gradCheck(flat, [x()], { order: 2 })).rejects.toThrow(/second-order gradient of input 0/);
  });

  it("refuses inputs in which differences are too coarse", async () => {
    await expect(gradCheck((a) => a.exp(), [tensor([1, 2])])).rejects.toThrow(/input 0 is float32/);
  });
});
