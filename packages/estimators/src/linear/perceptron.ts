import { Generator, OptionError, tensor } from "@chainrule/core";
import { checkBinary, encodeLabels } from "../classifier.ts";
import {
  checkAtLeast,
  checkFinite,
  checkWhole,
  toMatrix,
  widest,
  type Labels,
  type Matrix,
} from "../inputs.ts";
import { LinearClassifier } from "./linear-classifier.ts";

/** Parameters of Perceptron. */
export interface PerceptronOptions {
  /** The rate; from zero weights it only scales them; 1 unless given. */
  readonly eta0?: number;
  /** Whether a constant is added; true unless given. */
  readonly fitIntercept?: boolean;
  /** Passes over the examples at most; 1000 unless given. */
  readonly maxIter?: number;
  /** Whether each pass takes the examples in another order; true unless given. */
  readonly shuffle?: boolean;
  /** The seed of those orders; 0 unless given. */
  readonly seed?: number;
}

/**
 * Two classes by the sign of w·x + b; at each mistake w ← w + η·t·x and b ← b + η·t with t = ±1, until a pass brings
 * none. On separable examples there are at most `novikoffBound` mistakes; on others it goes on to the last pass and
 * `converged` is false. Rosenblatt, "The perceptron", 1958; Novikoff, "On convergence proofs for perceptrons", 1962.
 *
 * @throws OptionError for a parameter out of range.
 */
export class Perceptron extends LinearClassifier<Required<PerceptronOptions>> {
  #mistakes: readonly number[] | null = null;

  constructor(options: PerceptronOptions = {}) {
    super({ eta0: 1, fitIntercept: true, maxIter: 1000, shuffle: true, seed: 0, ...options });
    checkAtLeast("Perceptron", "eta0", this.parameters.eta0, 0, true);
    checkWhole("Perceptron", "maxIter", this.parameters.maxIter, 1);
    checkWhole("Perceptron", "seed", this.parameters.seed, 0);
  }

  /** Mistakes in all: how often the weights changed. */
  get mistakes(): number {
    return this.mistakesPerPass.reduce((sum, count) => sum + count, 0);
  }

  /** Mistakes in each pass; the last is 0 where it converged. */
  get mistakesPerPass(): readonly number[] {
    return this.fitted(this.#mistakes, "mistakes");
  }

  /**
   * Fits examples [n, features] to labels [n] of two classes; the larger label is t = 1.
   *
   * @throws OptionError for one class only or more than two; NumericError for NaN; ShapeError where the shapes do not
   * fit.
   */
  override async fit(x: Matrix, y: Labels): Promise<this> {
    const { eta0, fitIntercept, maxIter, shuffle, seed } = this.parameters;
    const examples = toMatrix("Perceptron", x, widest());
    const [n, features] = examples.shape as [number, number];
    await checkFinite("Perceptron", "examples", examples);
    const { classes, indices } = await encodeLabels("Perceptron", y, n);
    checkBinary("Perceptron", classes);
    const rows = Float64Array.from(await examples.data());
    const weights = new Float64Array(features);
    let bias = 0;
    const generator = new Generator(seed);
    const mistakes: number[] = [];
    while (mistakes.length < maxIter && mistakes.at(-1) !== 0) {
      const order = shuffle ? generator.permutation(n) : Int32Array.from({ length: n }, (_, i) => i);
      let count = 0;
      for (const row of order) {
        const target = indices[row] === 1 ? 1 : -1;
        const example = rows.subarray(row * features, (row + 1) * features);
        const value = example.reduce((sum: number, feature, i) => sum + feature * weights[i]!, bias);
        // On the boundary counts as a mistake, or zero weights would never leave it.
        if (target * value > 0) continue;
        count++;
        example.forEach((feature, i) => (weights[i]! += eta0 * target * feature));
        if (fitIntercept) bias += eta0 * target;
      }
      mistakes.push(count);
    }
    this.#mistakes = mistakes;
    this.state = {
      classes,
      weights: tensor(weights, { shape: [1, features], dtype: examples.dtype }),
      bias: tensor([bias], { dtype: examples.dtype }),
      iterations: mistakes.length,
      converged: mistakes.at(-1) === 0,
    };
    return this;
  }
}

/** A hyperplane w·x + b = 0. */
export interface Separator {
  readonly weights: readonly number[];
  /** 0 unless given. */
  readonly bias?: number;
}

/**
 * The most mistakes that a perceptron can make on examples which a known hyperplane separates: (R / γ)², where R is the
 * largest ‖(x, 1)‖ and γ the least t·(w·x + b) / ‖(w, b)‖. With `fitIntercept: false` the 1 and the b stay out. Novikoff,
 * "On convergence proofs for perceptrons", 1962.
 *
 * @throws OptionError where the hyperplane does not separate the classes, which are two, the larger label on its
 * positive side; ShapeError where the shapes do not fit.
 */
export async function novikoffBound(
  x: Matrix,
  y: Labels,
  separator: Separator,
  options: { readonly fitIntercept?: boolean } = {},
): Promise<number> {
  const { fitIntercept = true } = options;
  const { weights, bias = 0 } = separator;
  const examples = toMatrix("novikoffBound", x, widest(), weights.length);
  const [n, features] = examples.shape as [number, number];
  const { classes, indices } = await encodeLabels("novikoffBound", y, n);
  checkBinary("Perceptron", classes);
  const rows = Float64Array.from(await examples.data());
  const length = Math.hypot(...weights, fitIntercept ? bias : 0);
  let [radius, margin] = [0, Infinity];
  for (let row = 0; row < n; row++) {
    const example = Array.from(rows.subarray(row * features, (row + 1) * features));
    const value = example.reduce((sum, feature, i) => sum + feature * weights[i]!, fitIntercept ? bias : 0);
    radius = Math.max(radius, Math.hypot(...example, fitIntercept ? 1 : 0));
    margin = Math.min(margin, ((indices[row] === 1 ? 1 : -1) * value) / length);
  }
  if (!(margin > 0)) {
    throw new OptionError(
      `novikoffBound: the hyperplane does not separate the classes: the least margin is ${margin}`,
    );
  }
  return (radius / margin) ** 2;
}
