import { arange, OptionError, ShapeError, tensor, type Tensor } from "@chainrule/core";

/**
 * Which steps belong to sequences of these lengths: [N, T], true where t < lengths[n]. For `mask` of recurrent layers and
 * `keyMask` of attention.
 *
 * @param steps T; the longest length unless given, which must then be numbers.
 * @throws OptionError where lengths are not whole numbers from 0 to T, or T cannot be told; ShapeError unless a tensor
 * of lengths is [N].
 */
export function lengthMask(lengths: readonly number[] | Tensor, steps?: number): Tensor {
  if (!Array.isArray(lengths)) {
    const given = lengths as Tensor;
    if (given.rank !== 1) {
      throw new ShapeError(`lengthMask: lengths must be [N], but their shape is [${given.shape.join(", ")}]`);
    }
    if (steps === undefined)
      throw new OptionError("lengthMask: give the number of steps beside a tensor of lengths");
    return arange(steps).less(given.expandDims(1));
  }
  const list = lengths as readonly number[];
  const all = steps ?? Math.max(0, ...list);
  if (list.some((length) => !Number.isInteger(length) || length < 0 || length > all)) {
    throw new OptionError(`lengthMask: lengths are whole numbers from 0 to ${all}, not ${list.join(", ")}`);
  }
  return arange(all).less(tensor([...list], { dtype: "int32" }).expandDims(1));
}
