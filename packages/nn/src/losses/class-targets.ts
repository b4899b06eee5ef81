import { DtypeError, OptionError, ShapeError, where, type Tensor } from "@chainrule/core";

/** Options of losses over classes. */
export interface ClassOptions {
  /** A weight for each class, [classes]; 1 for all unless given. */
  readonly weight?: Tensor;
  /** A class index that marks positions to leave out; none unless given (PyTorch's is −100). */
  readonly ignoreIndex?: number;
}

/** Throws unless scores are floats with a class axis; gives that axis: 1, or 0 of a vector. */
export function classAxis(loss: string, scores: Tensor): number {
  if (scores.rank === 0) throw new ShapeError(`${loss}: logits need a class axis, but are a scalar`);
  if (scores.dtype !== "float32" && scores.dtype !== "float64") {
    throw new DtypeError(`${loss}: logits are float32 or float64, not ${scores.dtype}`);
  }
  return scores.rank === 1 ? 0 : 1;
}

/** Throws a ShapeError or DtypeError unless `target` holds class indices for every position but the class axis. */
export function checkIndices(loss: string, scores: Tensor, target: Tensor, axis: number): void {
  const labels = scores.shape.filter((_, i) => i !== axis).join(", ");
  if (target.shape.join(", ") !== labels) {
    throw new ShapeError(
      `${loss}: for logits [${scores.shape.join(", ")}] the target is class indices [${labels}], ` +
        `not [${target.shape.join(", ")}]`,
    );
  }
  if (target.dtype === "int32" || target.dtype === "uint8") return;
  throw new DtypeError(
    `${loss}: class indices are int32 or uint8, not ${target.dtype}; ` +
      `make them with tensor(labels, { dtype: "int32" }) or target.cast("int32")`,
  );
}

/** Class indices that can all be looked up, and the weight of each position: null where that is 1 for all. */
export function weighTargets(
  loss: string,
  target: Tensor,
  classes: number,
  { weight, ignoreIndex }: ClassOptions,
): { labels: Tensor; weights: Tensor | null } {
  if (weight && (weight.rank !== 1 || weight.size !== classes)) {
    throw new ShapeError(`${loss}: weight must be [${classes}], not [${weight.shape.join(", ")}]`);
  }
  if (ignoreIndex !== undefined && !Number.isInteger(ignoreIndex)) {
    throw new OptionError(`${loss}: ignoreIndex must be a whole number, not ${ignoreIndex}`);
  }
  if (ignoreIndex === undefined) return { labels: target, weights: weight?.take(target) ?? null };
  const counts = target.notEqual(ignoreIndex);
  const labels = where(counts, target, 0);
  return { labels, weights: weight ? where(counts, weight.take(labels), 0) : counts };
}
