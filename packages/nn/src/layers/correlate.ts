import { customGradient, type Tensor } from "@chainrule/core";
import { sizeOf } from "../check.ts";
import { axesBetween, extend, unfold, type Margin, type Windows } from "./spatial.ts";

/*
 * Convolution is linear in its input and in its weight, and so are its two gradients: each of the three functions here
 * is one product of matrices, and the other two are its derivatives. That closes the circle for every order.
 *
 * x is [N, G, C, ...input], w is [G, O, C, ...kernel], y is [N, G, O, ...output]; G counts the groups. The windows of x
 * are one operand, a view that products read where it lies: no backend has to store them.
 */

/** Windows over an input with zeros around it; `input` counts them. */
export interface PaddedWindows extends Windows {
  readonly margins: readonly Margin[];
}

/** w [G, O, C, ...kernel] times the windows of x, which are all of `windows` but its margins. */
function multiply(x: Tensor, w: Tensor, windows: Windows): Tensor {
  const [batch, groups] = x.shape as [number, number];
  const rank = windows.output.length;
  const order = [0, 1, 2, ...axesBetween(3 + rank, 3 + 2 * rank), ...axesBetween(3, 3 + rank)];
  const columns = unfold(x, windows)
    .permute(order)
    .reshape(batch, groups, sizeOf(w.shape.slice(2)), sizeOf(windows.output));
  return w
    .flatten(2)
    .matmul(columns)
    .reshape(batch, groups, w.shape[1]!, ...windows.output);
}

/** y[n, g, o, i] = Σ over c and k of w[g, o, c, k]·x[n, g, c, i·stride + k·dilation − margin]. */
export function correlate(x: Tensor, w: Tensor, windows: PaddedWindows): Tensor {
  const forward = (a: Tensor, b: Tensor): Tensor => multiply(extend(a, windows.margins), b, windows);
  return customGradient(forward, (u, _, a, b) => [
    correlateInput(u, b, windows),
    correlateWeight(a, u, windows),
  ])(x, w);
}

/** The gradient of `correlate` with respect to x from that of y: a transposed convolution. */
export function correlateInput(y: Tensor, w: Tensor, windows: PaddedWindows): Tensor {
  const forward = (a: Tensor, b: Tensor): Tensor => spread(a, b, windows);
  return customGradient(forward, (u, _, a, b) => [correlate(u, b, windows), correlateWeight(u, a, windows)])(
    y,
    w,
  );
}

/** The gradient of `correlate` with respect to w from that of y. */
export function correlateWeight(x: Tensor, y: Tensor, windows: PaddedWindows): Tensor {
  const { output, kernel, margins } = windows;
  const [batch, groups, channels] = x.shape as [number, number, number];
  const rank = kernel.length;
  const order = [1, 0, ...axesBetween(3, 3 + rank), 2, ...axesBetween(3 + rank, 3 + 2 * rank)];
  const length = batch * sizeOf(output);
  const forward = (a: Tensor, b: Tensor): Tensor => {
    const columns = unfold(extend(a, margins), windows)
      .permute(order)
      .reshape(groups, length, channels * sizeOf(kernel));
    const rows = b.permute(1, 2, 0, ...axesBetween(3, 3 + rank)).reshape(groups, b.shape[2]!, length);
    return rows.matmul(columns).reshape(groups, b.shape[2]!, channels, ...kernel);
  };
  return customGradient(forward, (u, _, a, b) => [correlateInput(b, u, windows), correlate(a, u, windows)])(
    x,
    y,
  );
}

/** Zeros between the elements of an axis, so that they are `step` apart. */
function apart(x: Tensor, axis: number, step: number): Tensor {
  const wide = x.expandDims(axis + 1);
  const padded = wide.pad(wide.shape.map((_, i): Margin => (i === axis + 1 ? [0, step - 1] : [0, 0])));
  return extend(
    padded.flatten(axis, axis + 1),
    axesBetween(axis, x.rank).map((i): Margin => (i === axis ? [0, 1 - step] : [0, 0])),
  );
}

/**
 * What y passes back to the elements of x, element i·stride + k·dilation − margin from i: a correlation of y with the
 * kernel, backwards. Under a stride every s-th element sees the same part of the kernel, so that s kernels of that part
 * each make every s-th element, as channels of one product (Shi et al., "Real-time single image and video
 * super-resolution using an efficient sub-pixel convolutional neural network", CVPR 2016).
 */
function spread(
  y: Tensor,
  w: Tensor,
  { input, output, kernel, stride, dilation, margins }: PaddedWindows,
): Tensor {
  const [batch, groups] = y.shape as [number, number];
  const [, outer, channels] = w.shape as [number, number, number];
  const rank = kernel.length;
  // A kernel that is dilated under a stride is one with zeros.
  const isSparse = stride.map((step, i) => step > 1 && dilation[i]! > 1);
  const steps = dilation.map((step, i) => (isSparse[i] ? 1 : step));
  const dense = isSparse.reduce((k, sparse, i) => (sparse ? apart(k, 3 + i, dilation[i]!) : k), w);
  const parts = stride.map((step, i) => Math.ceil(dense.shape[3 + i]! / step));
  const cut = extend(
    dense,
    parts.map((count, i): Margin => [0, count * stride[i]! - dense.shape[3 + i]!]),
  ).reshape(groups, outer, channels, ...parts.flatMap((count, i) => [count, stride[i]!]));
  const inParts = axesBetween(0, rank).map((i) => 3 + 2 * i);
  const kernels = cut
    .flip(inParts)
    .permute(0, 2, ...inParts.map((axis) => axis + 1), 1, ...inParts)
    .reshape(groups, channels * sizeOf(stride), outer, ...parts);

  const first = margins.map(([before], i) => Math.floor(before / stride[i]!));
  const end = margins.map(([, after], i) => Math.ceil((input[i]! - after) / stride[i]!));
  const padded = extend(
    y,
    parts.map((count, i): Margin => [(count - 1) * steps[i]! - first[i]!, end[i]! - output[i]!]),
  );
  const counts = end.map((count, i) => count - first[i]!);
  const ones = stride.map(() => 1);
  const made = multiply(padded, kernels, {
    input: padded.shape.slice(3),
    output: counts,
    kernel: parts,
    stride: ones,
    dilation: steps,
  });
  const interleaved = made
    .reshape(batch, groups, channels, ...stride, ...counts)
    .permute(0, 1, 2, ...axesBetween(0, rank).flatMap((i) => [3 + rank + i, 3 + i]))
    .reshape(batch, groups, channels, ...counts.map((count, i) => count * stride[i]!));
  return extend(
    interleaved,
    margins.map(([before, after], i): Margin => [
      first[i]! * stride[i]! - before,
      input[i]! - after - end[i]! * stride[i]!,
    ]),
  );
}

/** [N, G·C, ...] as [N, G, C, ...]. */
export const splitGroups = (x: Tensor, groups: number): Tensor =>
  x.reshape(x.shape[0]!, groups, x.shape[1]! / groups, ...x.shape.slice(2));

/** [N, G, C, ...] as [N, G·C, ...]. */
export const joinGroups = (x: Tensor): Tensor => x.flatten(1, 2);
