import { outputSize, type WorkCase } from "./case.ts";
import { elementwiseInputs } from "./inputs.ts";
import { referenceConvolution } from "./reference/convolution.ts";
import { referenceElementwise } from "./reference/elementwise.ts";
import { referenceProduct } from "./reference/product.ts";
import { referenceTraining } from "./reference/training.ts";

/** Steps after which a training is compared: the second one sees the first one's update and optimiser state. */
export const checkedSteps = 2;

/** Says what is wrong with results; undefined where they are right. */
export type Verifier = (results: Readonly<Record<string, Float32Array>>) => string | undefined;

/** Element by element: |found − expected| ≤ atol + rtol·|expected|; NaN is never right. */
function compare(
  found: Float32Array | undefined,
  expected: Float64Array,
  { rtol, atol }: { readonly rtol: number; readonly atol: number },
): string | undefined {
  if (found?.length !== expected.length) {
    return `${found?.length ?? "no"} elements instead of ${expected.length}`;
  }
  for (let i = 0; i < expected.length; i++) {
    const [value, right] = [found[i]!, expected[i]!];
    if (!(Math.abs(value - right) <= atol + rtol * Math.abs(right))) {
      return `element ${i} is ${value}, not ${right}`;
    }
  }
  return undefined;
}

const norm = (values: Iterable<number>): number => Math.sqrt(Array.from(values, (v) => v * v).reduce(sum, 0));
const sum = (a: number, b: number): number => a + b;

/**
 * Parameters are compared by the length of the error against the length of the way they have gone: single elements
 * tell little, since Adam's first steps go the full rate in whatever direction a tiny gradient has. Float32 rounding
 * alone takes PyTorch 2.8 % off in the widest network; another ε, rate or bias correction is tens of percent. The keys'
 * bias in attention has no gradient but rounding, which Adam's ε keeps below half a percent.
 */
const wayTolerance = 0.05;

/** The check of a case against a float64 reference; the reference is computed here, once for all implementations. */
export function verifierOf(work: WorkCase): Verifier {
  switch (work.kind) {
    case "product": {
      const expected = referenceProduct(work.n);
      // A dot's rounding error grows with the root of its length.
      const tolerance = { rtol: 1.3e-6, atol: 1e-5 * Math.sqrt(work.n) };
      return ({ result }) => compare(result, expected, tolerance);
    }
    case "elementwise": {
      const expected = referenceElementwise(work);
      // A sum of mixed signs is as exact as its terms are large, not as it is itself.
      const { x } = elementwiseInputs(work);
      const atol = work.op === "sum" ? 1e-6 * x.reduce((total, value) => total + Math.abs(value), 0) : 1e-5;
      return ({ result }) => compare(result, expected, { rtol: 1e-5, atol });
    }
    case "convolution": {
      const expected = referenceConvolution(work);
      const { batch, inChannels, outChannels, kernel } = work.shape;
      // Each result is a sum of at most so many products, and rounding grows with the root of that.
      const terms = {
        forward: inChannels * kernel ** 2,
        input: outChannels * kernel ** 2,
        weight: batch * outputSize(work.shape) ** 2,
      };
      const tolerance = { rtol: 1.3e-6, atol: 1e-5 * Math.sqrt(terms[work.pass]) };
      return ({ result }) => compare(result, expected, tolerance);
    }
    case "training": {
      const { loss, initial, parameters } = referenceTraining(work, checkedSteps);
      return (results) => {
        const wrongLoss = compare(results["loss"], Float64Array.of(loss), { rtol: 1e-4, atol: 1e-6 });
        if (wrongLoss) return `loss: ${wrongLoss}`;
        for (const [i, expected] of parameters.entries()) {
          const found = results[`${i}`];
          if (found?.length !== expected.length) return `parameter ${i}: wrong size`;
          const way = norm(expected.map((value, j) => value - initial[i]![j]!));
          const error = norm(expected.map((value, j) => found[j]! - value));
          if (!(error <= wayTolerance * way)) {
            return `parameter ${i} is off by ${((100 * error) / way).toPrecision(2)} % of its update`;
          }
        }
        return undefined;
      };
    }
  }
}
