import { OptionError, tensor, type Tensor } from "@chainrule/core";
import { Estimator, type Predictor } from "./estimator.ts";
import { toLabels, type Labels, type Matrix } from "./inputs.ts";

/** Labels as classes: which there are, and the index of each example's. */
export interface Encoded {
  /** In ascending order. */
  readonly classes: readonly number[];
  readonly indices: Int32Array;
}

/**
 * The classes among labels, and each label as an index into them.
 *
 * @throws OptionError where there is one class only.
 */
export async function encodeLabels(owner: string, y: Labels, rows: number): Promise<Encoded> {
  const labels = await toLabels(owner, y, rows);
  const classes = [...new Set(labels)].sort((a, b) => a - b);
  if (classes.length < 2) {
    throw new OptionError(
      `${owner}: all ${rows} labels are ${classes[0]}: at least two classes are needed to tell apart`,
    );
  }
  const indexOf = new Map(classes.map((label, i) => [label, i]));
  return { classes, indices: Int32Array.from(labels, (label) => indexOf.get(label)!) };
}

/** Throws an OptionError where there are more classes than two. */
export function checkBinary(owner: string, classes: readonly number[]): void {
  if (classes.length === 2) return;
  throw new OptionError(
    `${owner}: tells two classes apart, and there are ${classes.length}; use SoftmaxRegression, or ` +
      `new OneVsRestClassifier(new ${owner}())`,
  );
}

/** The labels that indices [n] into `classes` stand for: int32 where all are whole, else float32. */
export function labelsAt(classes: readonly number[], indices: Tensor): Tensor {
  const dtype = classes.every(Number.isInteger) ? "int32" : "float32";
  return tensor(classes, { dtype }).take(indices);
}

/** Predicts classes; graded by accuracy. */
export abstract class Classifier<Parameters extends object>
  extends Estimator<Parameters>
  implements Predictor
{
  readonly kind = "classifier" as const;

  abstract fit(x: Matrix, y: Labels): Promise<this>;
  abstract predict(x: Matrix): Tensor;
  /** The labels that were seen, in ascending order. */
  abstract get classes(): readonly number[];

  /**
   * The share of examples whose class is predicted.
   *
   * @throws StateError before `fit`, ShapeError where the examples or labels do not fit.
   */
  async score(x: Matrix, y: Labels): Promise<number> {
    const predicted = await this.predict(x).data();
    const labels = await toLabels(this.constructor.name, y, predicted.length);
    return labels.filter((label, i) => label === predicted[i]).length / labels.length;
  }
}
