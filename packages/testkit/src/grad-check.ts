import { formatShape, gradient, type Tensor, tensor } from "@chainrule/core";
import type { Tolerance } from "./tolerance.ts";
import { randomValues } from "./values.ts";

/** What `gradCheck` may be told. */
export interface GradCheckOptions extends Tolerance {
  /** Step of the central difference, as a fraction of max(1, |x|); 1e-5 balances truncation against rounding. */
  readonly epsilon?: number;
  /** 1 checks gradients; 2 checks the gradients of those as well. */
  readonly order?: 1 | 2;
}

/** Any function of tensors to one tensor. */
export type TensorFunction = (...inputs: Tensor[]) => Tensor;

/**
 * Throws unless the gradients of `fn` agree with central differences in float64.
 *
 * The function's output is contracted with fixed random weights r, so that one scalar sees every element:
 * `∂ sum(r · f(x)) / ∂xᵢ ≈ (F(x + εeᵢ) − F(x − εeᵢ)) / 2ε`. For order 2 the same is asked of
 * `Σ sum(v · gradient)`. Inputs must be float64; the message names the input and the element.
 */
export async function gradCheck(
  fn: TensorFunction,
  inputs: readonly Tensor[],
  options: GradCheckOptions = {},
): Promise<void> {
  for (const [i, input] of inputs.entries()) {
    if (input.dtype !== "float64") {
      throw new Error(
        `gradCheck: input ${i} is ${input.dtype}; differences are exact enough in float64 only`,
      );
    }
  }
  const values = await Promise.all(inputs.map(async (x) => Float64Array.from(await x.data())));
  const shapes = inputs.map((x) => x.shape);
  const first: TensorFunction = (...xs) => contract(fn(...xs), 11);
  await checkScalar("gradient", first, values, shapes, options);
  if (options.order !== 2) return;
  const second: TensorFunction = (...xs) =>
    gradient(first(...xs), xs)
      .map((g, i) => contract(g, 23 + i))
      .reduce((sum, term) => sum.add(term));
  await checkScalar("second-order gradient", second, values, shapes, options);
}

/** `sum(r · y)` with weights that are the same at every call. */
function contract(y: Tensor, seed: number): Tensor {
  const weights = tensor(Float64Array.from(randomValues(seed, y.size)), { shape: [...y.shape] });
  return y.mul(weights).sum();
}

async function checkScalar(
  what: string,
  f: TensorFunction,
  values: readonly Float64Array[],
  shapes: readonly (readonly number[])[],
  { epsilon = 1e-5, rtol = 1e-5, atol = 1e-7 }: GradCheckOptions,
): Promise<void> {
  const inputsAt = (points: readonly Float64Array[]): Tensor[] =>
    points.map((data, i) => tensor(data, { shape: [...shapes[i]!] }));
  const xs = inputsAt(values);
  const gradients = gradient(f(...xs), xs);
  for (const [i, g] of gradients.entries()) {
    if (g.shape.join() !== shapes[i]!.join()) {
      throw new Error(
        `gradCheck: the ${what} of input ${i} has shape ${formatShape(g.shape)}, the input ${formatShape(shapes[i]!)}`,
      );
    }
    const analytic = await g.data();
    for (let k = 0; k < analytic.length; k++) {
      const step = epsilon * Math.max(1, Math.abs(values[i]![k]!));
      const at = async (x: number): Promise<number> => {
        const moved = values.map((v, j) => (j === i ? v.with(k, x) : v));
        return f(...inputsAt(moved)).item();
      };
      const x = values[i]![k]!;
      const above = x + step;
      const below = x - step;
      const numeric = ((await at(above)) - (await at(below))) / (above - below);
      const bound = atol + rtol * Math.abs(numeric);
      const difference = Math.abs(analytic[k]! - numeric);
      if (difference <= bound) continue;
      throw new Error(
        `gradCheck: ${what} of input ${i}, element ${k} of ${formatShape(shapes[i]!)} (value ${x}): ` +
          `analytic ${analytic[k]}, by differences ${numeric}; |difference| ${difference} > bound ${bound}`,
      );
    }
  }
}
