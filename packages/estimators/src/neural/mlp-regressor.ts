import { Generator, tensor, type Tensor } from "@chainrule/core";
import { mseLoss, type Sequential } from "@chainrule/nn";
import { checkFinite, toMatrix, toTargets, type Matrix, type Targets } from "../inputs.ts";
import { r2Of, Regressor } from "../regressor.ts";
import { network, withDefaults, type MlpOptions } from "./network.ts";
import { train, type Training } from "./train.ts";

/**
 * Numbers by a multilayer perceptron, ŷ = net(x), with the least mean of ½·(ŷ − y)². Rumelhart, Hinton and Williams,
 * "Learning representations by back-propagating errors", Nature 1986.
 *
 * @throws OptionError for a parameter out of range.
 */
export class MLPRegressor extends Regressor<Required<MlpOptions>> {
  #fit: (Training & { readonly net: Sequential; readonly single: boolean }) | null = null;

  constructor(options: MlpOptions = {}) {
    super(withDefaults("MLPRegressor", options));
  }

  /** The network: to look into, save or train on. */
  get module(): Sequential {
    return this.fitted(this.#fit, "module").net;
  }

  /** The mean loss of each pass. */
  get lossCurve(): readonly number[] {
    return this.fitted(this.#fit, "lossCurve").lossCurve;
  }

  /** R² on held-out examples after each pass; empty without early stopping. */
  get validationScores(): readonly number[] {
    return this.fitted(this.#fit, "validationScores").validationScores;
  }

  /** Passes over the examples, for "lbfgs" iterations. */
  get nIter(): number {
    return this.fitted(this.#fit, "nIter").iterations;
  }

  /** Whether it ended because nothing improved any more, and not at `maxIter`. */
  get converged(): boolean {
    return this.fitted(this.#fit, "converged").converged;
  }

  /**
   * Fits examples [n, features] to targets [n] or [n, outputs].
   *
   * @throws NumericError for NaN and where the loss diverges; ShapeError where the shapes do not fit.
   */
  override async fit(x: Matrix, y: Targets): Promise<this> {
    const { parameters } = this;
    const examples = toMatrix("MLPRegressor", x, "float32");
    const [n, features] = examples.shape as [number, number];
    const targets = toTargets("MLPRegressor", y, n, examples.dtype);
    await checkFinite("MLPRegressor", "examples", examples);
    await checkFinite("MLPRegressor", "targets", targets);
    const single = targets.rank === 1;
    const columns = single ? targets.expandDims(1) : targets;
    const net = network(
      [features, ...parameters.hiddenLayerSizes, columns.shape[1]!],
      parameters.activation,
      {
        dtype: examples.dtype,
        generator: new Generator(parameters.seed),
      },
    );
    const task = {
      owner: "MLPRegressor",
      net,
      x: examples,
      targets: columns,
      loss: (output: Tensor, wanted: Tensor) => mseLoss(output, wanted).mul(0.5),
      score: (rows: Int32Array): Promise<number> => {
        const held = tensor(rows);
        return r2Of(net.forward(examples.take(held)), columns.take(held));
      },
    };
    this.#fit = { ...(await train(task, parameters)), net, single };
    return this;
  }

  /** net(x): [n], or [n, outputs]. Lazy. StateError before `fit`, ShapeError for another number of features. */
  override predict(x: Matrix): Tensor {
    const { net, single } = this.fitted(this.#fit, "predict");
    const weight = net.parameters()[0]!;
    const values = net.forward(toMatrix("MLPRegressor", x, weight.dtype, weight.shape[1]).cast(weight.dtype));
    return single ? values.squeeze(1) : values;
  }
}
