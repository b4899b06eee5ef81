import { NumericError, OptionError, realize, tensor, type Tensor, Variable } from "@chainrule/core";
import { checkCount, checkRange } from "../options.ts";
import { dot, History, largest } from "./history.ts";
import { strongWolfe, type Trial } from "./strong-wolfe.ts";

/** Options of LBFGS. */
export interface LbfgsOptions {
  /** The length of a step before the line search; 1 unless given. */
  readonly lr?: number;
  /** Iterations in one `step`; 20 unless given. */
  readonly maxIter?: number;
  /** Evaluations in one `step`; 1.25 · maxIter unless given. */
  readonly maxEval?: number;
  /** How many past steps the Hessian is estimated from; 100 unless given. */
  readonly historySize?: number;
  /** Done once no component of the gradient is larger; 1e-7 unless given. */
  readonly toleranceGrad?: number;
  /** Done once neither a parameter nor the loss changes by more; 1e-9 unless given. */
  readonly toleranceChange?: number;
  /** How the length of a step is found; "strongWolfe" unless given, null takes `lr` as it is. */
  readonly lineSearch?: "strongWolfe" | null;
}

/** The loss with its gradients, one a parameter: what a closure may return in place of the loss alone. */
export interface LossAndGradients {
  readonly loss: Tensor;
  readonly gradients: readonly Tensor[];
}

/** What one `step` did. */
export interface LbfgsReport {
  /** The loss where it ended. */
  readonly loss: number;
  /** The largest component of the gradient there. */
  readonly gradient: number;
  readonly iterations: number;
  readonly evaluations: number;
  /** Whether a tolerance was met, and not a limit. */
  readonly converged: boolean;
}

/**
 * Limited-memory BFGS, a quasi-Newton method for losses that are the same at every call (the whole data set, not a
 * batch): steps along −H·g, with the inverse Hessian H estimated from the last steps, and of a length that obeys the
 * strong Wolfe conditions. Vectors are kept on the host in float64, whatever the parameters' dtype. Liu and Nocedal, "On
 * the limited memory BFGS method for large scale optimization", 1989.
 *
 *     const lbfgs = new LBFGS(model.parameters());
 *     await lbfgs.step(() => mseLoss(model.forward(x), y));
 *
 * @throws OptionError for an option out of range, for no parameters and for one that is given twice.
 */
export class LBFGS {
  readonly parameters: readonly Variable[];
  readonly options: Required<LbfgsOptions>;
  /** Calls of the closure so far. */
  evaluations = 0;
  /** Iterations so far. */
  iterations = 0;
  readonly #history: History;

  constructor(parameters: readonly Variable[], options: LbfgsOptions = {}) {
    const { maxIter = 20 } = options;
    this.options = {
      lr: 1,
      maxIter,
      maxEval: Math.max(1, Math.floor(maxIter * 1.25)),
      historySize: 100,
      toleranceGrad: 1e-7,
      toleranceChange: 1e-9,
      lineSearch: "strongWolfe",
      ...options,
    };
    const { lr, maxEval, historySize, toleranceGrad, toleranceChange, lineSearch } = this.options;
    if (!(lr > 0)) throw new OptionError(`LBFGS: lr must be above 0, not ${lr}`);
    checkCount("LBFGS", "maxIter", maxIter);
    checkCount("LBFGS", "maxEval", maxEval);
    checkCount("LBFGS", "historySize", historySize);
    checkRange(this, "toleranceGrad", toleranceGrad, 0);
    checkRange(this, "toleranceChange", toleranceChange, 0);
    if (lineSearch !== null && lineSearch !== "strongWolfe") {
      throw new OptionError(
        `LBFGS: lineSearch is "strongWolfe" or null, not ${JSON.stringify(lineSearch satisfies never)}`,
      );
    }
    if (parameters.length === 0) throw new OptionError("LBFGS: there are no parameters");
    parameters.forEach((parameter, i) => {
      const first = parameters.indexOf(parameter);
      if (first !== i) throw new OptionError(`LBFGS: parameters ${first} and ${i} are the same`);
    });
    this.parameters = parameters;
    this.#history = new History(historySize);
  }

  /** Forgets the past steps: for when the loss has changed. */
  reset(): void {
    this.#history.clear();
  }

  /**
   * Up to `maxIter` iterations. The closure returns the loss at the present parameters, or, where it is captured by
   * `compile` and its graph gone, the loss with its gradients; it is called once for each evaluation. Where it throws,
   * the parameters are as they were before.
   *
   * @throws NumericError where the loss or its gradient is not finite at the start; OptionError where there are not as
   * many gradients as parameters.
   */
  async step(closure: () => Tensor | LossAndGradients): Promise<LbfgsReport> {
    const before = this.parameters.map((parameter) => new Variable(parameter));
    await realize(...before);
    try {
      return await this.#minimize(closure);
    } catch (error) {
      this.parameters.forEach((parameter, i) => parameter.assign(before[i]!));
      throw error;
    }
  }

  async #minimize(closure: () => Tensor | LossAndGradients): Promise<LbfgsReport> {
    const { lr, maxIter, maxEval, toleranceGrad, toleranceChange, lineSearch } = this.options;
    const firstEvaluation = this.evaluations;
    const evaluate = (): Promise<Evaluation> => this.#evaluate(closure);
    let x = await this.#read();
    let { loss, gradient } = await evaluate();
    if (!Number.isFinite(loss) || !Number.isFinite(largest(gradient))) {
      throw new NumericError(
        `LBFGS: at the start the loss is ${loss} and the largest gradient ${largest(gradient)}; start elsewhere`,
      );
    }
    let converged = largest(gradient) <= toleranceGrad;
    let iterations = 0;
    while (!converged && iterations < maxIter && this.evaluations - firstEvaluation < maxEval) {
      iterations++;
      this.iterations++;
      let d = this.#history.direction(gradient);
      let slope = dot(gradient, d);
      if (slope > -toleranceChange && this.#history.length > 0) {
        // Not downhill any more: rounding has spoilt the estimate. Start it anew.
        this.#history.clear();
        d = this.#history.direction(gradient);
        slope = dot(gradient, d);
      }
      const fresh = this.#history.length === 0;
      const t = fresh ? lr * Math.min(1, 1 / gradient.reduce((sum, g) => sum + Math.abs(g), 0)) : lr;
      const at = async (t: number): Promise<Trial> => {
        this.#write(x.map((value, i) => value + t * d[i]!));
        const { loss, gradient } = await evaluate();
        return { t, loss, gradient, slope: dot(gradient, d) };
      };
      const start = { t: 0, loss, gradient, slope };
      const reach = largest(d);
      const wolfe = { c1: 1e-4, c2: 0.9, toleranceChange, reach, maxTrials: 25 };
      const end = lineSearch === null ? await at(t) : await strongWolfe(at, start, t, wolfe);
      const s = d.map((component) => end.t * component);
      this.#history.push(
        s,
        end.gradient.map((g, i) => g - gradient[i]!),
      );
      const next = x.map((value, i) => value + s[i]!);
      const change = Math.abs(end.loss - loss);
      [x, loss, gradient] = [next, end.loss, end.gradient];
      converged =
        largest(gradient) <= toleranceGrad || largest(s) <= toleranceChange || change < toleranceChange;
    }
    // The last trial need not be the best: the parameters are where the loss below was found.
    this.#write(x);
    await realize(...this.parameters);
    const evaluations = this.evaluations - firstEvaluation;
    return { loss, gradient: largest(gradient), iterations, evaluations, converged };
  }

  async #evaluate(closure: () => Tensor | LossAndGradients): Promise<Evaluation> {
    const result = closure();
    const { loss, gradients } =
      "gradients" in result ? result : { loss: result, gradients: result.gradient(...this.parameters) };
    if (gradients.length !== this.parameters.length) {
      throw new OptionError(`LBFGS: ${this.parameters.length} parameters but ${gradients.length} gradients`);
    }
    this.evaluations++;
    await realize(loss, ...gradients);
    return { loss: await loss.item(), gradient: await flat(gradients) };
  }

  #read(): Promise<Float64Array> {
    return flat(this.parameters);
  }

  #write(x: Float64Array): void {
    let offset = 0;
    for (const parameter of this.parameters) {
      const { shape, dtype, size } = parameter;
      parameter.assign(tensor(x.subarray(offset, offset + size), { shape, dtype }));
      offset += size;
    }
  }
}

interface Evaluation {
  readonly loss: number;
  readonly gradient: Float64Array;
}

/** All elements of all tensors, one after another. */
async function flat(tensors: readonly Tensor[]): Promise<Float64Array> {
  const parts = await Promise.all(tensors.map((part) => part.data()));
  const whole = new Float64Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
