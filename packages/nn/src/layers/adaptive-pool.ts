import { tensor, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";
import { largest } from "./pooling.ts";
import { mixAxis } from "./resample.ts";
import { checkSpatial, perAxis, type Extent } from "./spatial.ts";

/** Where part i of `parts` along an axis of n lies: ⌊i·n/parts⌋ to before ⌈(i + 1)·n/parts⌉, as in PyTorch. */
const partsOf = (n: number, parts: number): [start: number, end: number][] =>
  Array.from({ length: parts }, (_, i) => [Math.floor((i * n) / parts), Math.ceil(((i + 1) * n) / parts)]);

/** What AdaptiveAvgPool2d and AdaptiveMaxPool2d share. */
abstract class AdaptivePool2d extends Module {
  readonly outputSize: readonly number[];

  constructor(layer: string, outputSize: Extent) {
    super();
    this.outputSize = perAxis(layer, "outputSize", outputSize, 2, 1);
  }

  protected override describe(): string {
    return `outputSize=[${this.outputSize.join(", ")}]`;
  }
}

/**
 * The mean of each of h×w parts of an image [N, C, H, W], whatever its size; parts overlap where h and w do not divide.
 *
 * @throws OptionError unless the output size is whole and ≥ 1; from `forward` ShapeError unless x is [N, C, H, W].
 */
export class AdaptiveAvgPool2d extends AdaptivePool2d {
  constructor(outputSize: Extent) {
    super("AdaptiveAvgPool2d", outputSize);
  }

  override forward(x: Tensor): Tensor {
    checkSpatial("AdaptiveAvgPool2d", x, null, 2);
    const [rows, columns] = this.outputSize as [number, number];
    const [batch, channels, height, width] = x.shape as [number, number, number, number];
    if (height % rows === 0 && width % columns === 0) {
      return x.reshape(batch, channels, rows, height / rows, columns, width / columns).mean([3, 5]);
    }
    return [rows, columns].reduce(
      (y, parts, i) =>
        mixAxis(
          y,
          2 + i,
          partsOf(y.shape[2 + i]!, parts).map(([start, end]) =>
            Array.from({ length: end - start }, (_, k) => [start + k, 1 / (end - start)] as const),
          ),
        ),
      x,
    );
  }
}

/**
 * The largest element of each of h×w parts of an image [N, C, H, W], whatever its size; parts overlap where h and w do
 * not divide. Where elements tie, the first gets the gradient.
 *
 * @throws OptionError unless the output size is whole and ≥ 1; from `forward` ShapeError unless x is [N, C, H, W].
 */
export class AdaptiveMaxPool2d extends AdaptivePool2d {
  constructor(outputSize: Extent) {
    super("AdaptiveMaxPool2d", outputSize);
  }

  override forward(x: Tensor): Tensor {
    checkSpatial("AdaptiveMaxPool2d", x, null, 2);
    const apart = this.outputSize.reduce((y, parts, i) => splitAxis(y, 2 + 2 * i, parts), x);
    return largest(apart.permute(0, 1, 2, 4, 3, 5), 2);
  }
}

/** An axis as [parts, size of the longest]; shorter parts repeat their last element. */
function splitAxis(x: Tensor, axis: number, parts: number): Tensor {
  const size = x.shape[axis]!;
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  if (size % parts === 0) return x.reshape([...before, parts, size / parts, ...after]);
  const ranges = partsOf(size, parts);
  const longest = Math.max(...ranges.map(([start, end]) => end - start));
  const indices = ranges.map(([start, end]) =>
    Array.from({ length: longest }, (_, k) => Math.min(start + k, end - 1)),
  );
  return x.take(tensor(indices, { dtype: "int32" }), axis);
}
