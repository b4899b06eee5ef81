import { type Dtype, type Generator } from "@chainrule/core";
import { Identity, Linear, ReLU, Sequential, Sigmoid, Tanh, type Module } from "@chainrule/nn";
import { checkAtLeast, checkOneOf, checkWhole } from "../inputs.ts";

/** Parameters of MLPClassifier and MLPRegressor. */
export interface MlpOptions {
  /** Units of each hidden layer, [] for a linear model; [100] unless given. */
  readonly hiddenLayerSizes?: readonly number[];
  /** What follows each hidden layer; "relu" unless given. */
  readonly activation?: "relu" | "tanh" | "logistic" | "identity";
  /** "adam", "sgd" with Nesterov momentum, or "lbfgs" over all examples; "adam" unless given. */
  readonly solver?: "adam" | "sgd" | "lbfgs";
  /** α ≥ 0, the penalty ½·α·‖W‖² beside the summed losses of a batch; 1e-4 unless given. */
  readonly alpha?: number;
  /** Examples a step, at most all; 200 unless given. */
  readonly batchSize?: number;
  /** The learning rate of "adam" and "sgd"; 1e-3 unless given. */
  readonly learningRateInit?: number;
  /** The momentum of "sgd"; 0.9 unless given. */
  readonly momentum?: number;
  /** Passes over the examples, for "lbfgs" iterations, at most; 200 unless given. */
  readonly maxIter?: number;
  /** Whether each pass takes the examples in another order; true unless given. */
  readonly shuffle?: boolean;
  /** The seed of the first weights, the orders and the held-out examples; 0 unless given. */
  readonly seed?: number;
  /** An improvement of the loss, or of the validation score, counts from here on; 1e-4 unless given. */
  readonly tol?: number;
  /** Done after more passes than this without one; 10 unless given. */
  readonly nIterNoChange?: number;
  /** Whether some examples are held out and their score decides, the best weights being kept; false unless given. */
  readonly earlyStopping?: boolean;
  /** The share held out; 0.1 unless given. */
  readonly validationFraction?: number;
}

/** The parameters with defaults filled in: scikit-learn's. */
export function withDefaults(owner: string, options: MlpOptions): Required<MlpOptions> {
  const all: Required<MlpOptions> = {
    hiddenLayerSizes: [100],
    activation: "relu",
    solver: "adam",
    alpha: 1e-4,
    batchSize: 200,
    learningRateInit: 1e-3,
    momentum: 0.9,
    maxIter: 200,
    shuffle: true,
    seed: 0,
    tol: 1e-4,
    nIterNoChange: 10,
    earlyStopping: false,
    validationFraction: 0.1,
    ...options,
  };
  for (const size of all.hiddenLayerSizes) checkWhole(owner, "each of hiddenLayerSizes", size, 1);
  checkOneOf(owner, "activation", all.activation, Object.keys(activations));
  checkOneOf(owner, "solver", all.solver, ["adam", "sgd", "lbfgs"]);
  checkAtLeast(owner, "alpha", all.alpha, 0);
  checkAtLeast(owner, "learningRateInit", all.learningRateInit, 0, true);
  checkAtLeast(owner, "tol", all.tol, 0);
  checkWhole(owner, "batchSize", all.batchSize, 1);
  checkWhole(owner, "maxIter", all.maxIter, 1);
  checkWhole(owner, "nIterNoChange", all.nIterNoChange, 1);
  checkWhole(owner, "seed", all.seed, 0);
  checkAtLeast(owner, "validationFraction", all.validationFraction, 0, true);
  checkAtLeast(owner, "1 − validationFraction", 1 - all.validationFraction, 0, true);
  return all;
}

const activations: Readonly<Record<Required<MlpOptions>["activation"], () => Module>> = {
  relu: () => new ReLU(),
  tanh: () => new Tanh(),
  logistic: () => new Sigmoid(),
  identity: () => new Identity(),
};

/** Linear layers of these sizes with the activation between them. */
export function network(
  sizes: readonly number[],
  activation: Required<MlpOptions>["activation"],
  options: { readonly dtype: Dtype; readonly generator: Generator },
): Sequential {
  const layers = sizes.slice(1).flatMap((size, i) => {
    const linear = new Linear(sizes[i]!, size, options);
    return i === sizes.length - 2 ? [linear] : [linear, activations[activation]()];
  });
  return new Sequential(...layers);
}
