import { Generator, tensor, type Tensor } from "@chainrule/core";
import { crossEntropy, type Sequential } from "@chainrule/nn";
import { Classifier, encodeLabels, labelsAt } from "../classifier.ts";
import type { ProbabilisticClassifier } from "../estimator.ts";
import { checkFinite, toMatrix, type Labels, type Matrix } from "../inputs.ts";
import { network, withDefaults, type MlpOptions } from "./network.ts";
import { train, type Training } from "./train.ts";

/**
 * Any number of classes by a multilayer perceptron: P(y | x) = softmax(net(x)), with the least mean cross-entropy. With
 * no hidden layer it is softmax regression, trained in batches. Rumelhart, Hinton and Williams, "Learning
 * representations by back-propagating errors", Nature 1986.
 *
 * @throws OptionError for a parameter out of range.
 */
export class MLPClassifier extends Classifier<Required<MlpOptions>> implements ProbabilisticClassifier {
  #fit: (Training & { readonly classes: readonly number[]; readonly net: Sequential }) | null = null;

  constructor(options: MlpOptions = {}) {
    super(withDefaults("MLPClassifier", options));
  }

  override get classes(): readonly number[] {
    return this.fitted(this.#fit, "classes").classes;
  }

  /** The network, whose outputs are logits: to look into, save or train on. */
  get module(): Sequential {
    return this.fitted(this.#fit, "module").net;
  }

  /** The mean loss of each pass. */
  get lossCurve(): readonly number[] {
    return this.fitted(this.#fit, "lossCurve").lossCurve;
  }

  /** The accuracy on held-out examples after each pass; empty without early stopping. */
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
   * Fits examples [n, features] to labels [n].
   *
   * @throws OptionError for one class only; NumericError for NaN and where the loss diverges; ShapeError where the
   * shapes do not fit.
   */
  override async fit(x: Matrix, y: Labels): Promise<this> {
    const { parameters } = this;
    const examples = toMatrix("MLPClassifier", x, "float32");
    const [n, features] = examples.shape as [number, number];
    await checkFinite("MLPClassifier", "examples", examples);
    const { classes, indices } = await encodeLabels("MLPClassifier", y, n);
    const net = network([features, ...parameters.hiddenLayerSizes, classes.length], parameters.activation, {
      dtype: examples.dtype,
      generator: new Generator(parameters.seed),
    });
    const task = {
      owner: "MLPClassifier",
      net,
      x: examples,
      targets: tensor(indices),
      loss: (logits: Tensor, targets: Tensor) => crossEntropy(logits, targets),
      score: async (rows: Int32Array): Promise<number> => {
        const guesses = await net
          .forward(examples.take(tensor(rows)))
          .argmax(1)
          .data();
        return rows.filter((row, i) => indices[row] === guesses[i]).length / rows.length;
      },
    };
    this.#fit = { ...(await train(task, parameters)), classes, net };
    return this;
  }

  /** The class of each example, [n]. Lazy. StateError before `fit`, ShapeError for another number of features. */
  override predict(x: Matrix): Tensor {
    return labelsAt(this.classes, this.#logits(x, "predict").argmax(1));
  }

  /** softmax(net(x)), [n, classes]. Lazy; errors as `predict`. */
  predictProba(x: Matrix): Tensor {
    return this.#logits(x, "predictProba").softmax(1);
  }

  #logits(x: Matrix, what: string): Tensor {
    const { net } = this.fitted(this.#fit, what);
    const weight = net.parameters()[0]!;
    return net.forward(toMatrix("MLPClassifier", x, weight.dtype, weight.shape[1]).cast(weight.dtype));
  }
}
