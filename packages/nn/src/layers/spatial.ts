import {
  OptionError,
  overlapAdd,
  ShapeError,
  slidingWindows,
  type Shape,
  type Tensor,
} from "@chainrule/core";

/** A number for each spatial axis, or one for all of them. */
export type Extent = number | readonly number[];

/** How many elements to put before and after an axis. */
export type Margin = readonly [before: number, after: number];

/** How windows lie over spatial axes, one number an axis. */
export interface Windows {
  /** Sizes of what they lie over. */
  readonly input: readonly number[];
  /** How many there are. */
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
}

/** One number an axis. Throws an OptionError unless they are whole, at least `lowest`, and as many as the axes. */
export function perAxis(layer: string, name: string, value: Extent, rank: number, lowest: number): number[] {
  const list = typeof value === "number" ? Array.from({ length: rank }, () => value) : [...value];
  if (list.length !== rank || list.some((n) => !Number.isInteger(n) || n < lowest)) {
    throw new OptionError(
      `${layer}: ${name} is a whole number ≥ ${lowest}${rank > 1 ? `, or ${rank} of them` : ""}, ` +
        `not ${JSON.stringify(value)}`,
    );
  }
  return list;
}

/** As PyTorch prints it: one number where all are the same. */
export const textOfExtent = (sizes: readonly number[]): string =>
  sizes.every((size) => size === sizes[0]) ? String(sizes[0]) : `[${sizes.join(", ")}]`;

/** Throws a ShapeError unless x is [N, channels, …] with `rank` spatial axes; any channel count where it is null. */
export function checkSpatial(layer: string, x: Tensor, channels: number | null, rank: number): void {
  if (x.rank === rank + 2 && (channels === null || x.shape[1] === channels)) return;
  const axes = ["L", "H, W", "D, H, W"][rank - 1];
  throw new ShapeError(
    `${layer}: the input must be [N, ${channels ?? "C"}, ${axes}], but its shape is [${x.shape.join(", ")}]`,
  );
}

/** The windows over axes of these sizes, padded already. Throws a ShapeError where one is too small for any. */
export function windowsOver(
  layer: string,
  input: readonly number[],
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): Windows {
  const spans = kernel.map((size, i) => (size - 1) * dilation[i]! + 1);
  if (spans.some((span, i) => span > input[i]!)) {
    throw new ShapeError(
      `${layer}: the kernel spans [${spans.join(", ")}], which is larger than the padded input, ` +
        `[${input.join(", ")}]; give more padding or a smaller kernel`,
    );
  }
  const output = spans.map((span, i) => Math.floor((input[i]! - span) / stride[i]!) + 1);
  return { input, output, kernel, stride, dilation };
}

/** The last axes with zeros around them, or cut where a margin is negative. */
export function extend(x: Tensor, margins: readonly Margin[]): Tensor {
  const head = x.rank - margins.length;
  const cut = x.shape.map((size, axis): [number, number] => {
    const [before, after] = margins[axis - head] ?? [0, 0];
    return [Math.max(0, -before), size - Math.max(0, -after)];
  });
  return x.slice(...cut).pad(
    x.shape.map((_, axis): Margin => {
      const [before, after] = margins[axis - head] ?? [0, 0];
      return [Math.max(0, before), Math.max(0, after)];
    }),
  );
}

/** x [...head, ...input] as [...head, ...output, ...kernel]. */
export function unfold(x: Tensor, windows: Windows): Tensor {
  const { output, kernel, stride, dilation } = windows;
  const head = x.rank - output.length;
  const all = kernel.reduce(
    (y, size, i) => slidingWindows(y, head + i, size, { stride: stride[i]!, dilation: dilation[i]! }),
    x,
  );
  if (output.every((count, i) => all.shape[head + i] === count)) return all;
  return all.slice(...x.shape.map((_, axis) => (axis < head ? null : ([0, output[axis - head]!] as const))));
}

/** The transpose of `unfold`: x [...head, ...output, ...kernel] added up as [...head, ...input]. */
export function fold(x: Tensor, windows: Windows): Tensor {
  const { input, output, kernel, stride, dilation } = windows;
  const rank = input.length;
  const head = x.rank - 2 * rank;
  if (kernel.some((size, i) => size > stride[i]! || dilation[i]! > 1)) {
    return input.reduceRight(
      (y, size, i) => overlapAdd(y, head + i, size, { stride: stride[i]!, dilation: dilation[i]! }),
      x,
    );
  }
  // Windows that do not touch lie side by side along all axes at once: nothing is added, and nothing stored between.
  const missing = kernel.map((size, i): Margin => [0, stride[i]! - size]);
  const side = extend(x, missing)
    .permute(
      ...axesBetween(0, head),
      ...axesBetween(head, head + rank).flatMap((axis) => [axis, axis + rank]),
    )
    .reshape(...x.shape.slice(0, head), ...output.map((count, i) => count * stride[i]!));
  return extend(
    side,
    input.map((size, i): Margin => [0, size - output[i]! * stride[i]!]),
  );
}

/** The sizes of the spatial axes of [N, C, …]. */
export const spatialOf = (x: Tensor): Shape => x.shape.slice(2);

/** Whole numbers from `from` to before `to`. */
export const axesBetween = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);
