import { customGradient, type Tensor } from "@chainrule/core";
import { sizeOf } from "../check.ts";
import { axesBetween, fold, unfold, type Windows } from "./spatial.ts";

/*
 * Convolution is linear in its input and in its weight, and so are its two gradients: each of the three functions here
 * is one product of matrices, and the other two are its derivatives. That closes the circle for every order.
 *
 * x is [G, N, C, ...input], w is [G, O, C, ...kernel], y is [G, N, O, ...output]; G counts the groups. Columns are
 * [G, C·kernel, N·output], so that a whole batch is one product and reading a column's elements walks along rows of x.
 */

/** x as columns, [G, C·kernel, N·output]. */
function columnsOf(x: Tensor, windows: Windows): Tensor {
  const [groups, batch, channels] = x.shape as [number, number, number];
  const { output, kernel } = windows;
  const rank = output.length;
  const order = [0, 2, ...axesBetween(3 + rank, 3 + 2 * rank), 1, ...axesBetween(3, 3 + rank)];
  return unfold(x, windows)
    .permute(order)
    .reshape(groups, channels * sizeOf(kernel), batch * sizeOf(output));
}

/** Columns back to [G, N, C, ...output, ...kernel], and added up where they came from. */
function addColumns(columns: Tensor, batch: number, channels: number, windows: Windows): Tensor {
  const { output, kernel } = windows;
  const rank = output.length;
  const order = [0, 2 + rank, 1, ...axesBetween(3 + rank, 3 + 2 * rank), ...axesBetween(2, 2 + rank)];
  const apart = columns.reshape(columns.shape[0]!, channels, ...kernel, batch, ...output);
  return fold(apart.permute(order), windows);
}

/** [G, N, O, ...output] as [G, O, N·output]. */
function rowsOf(y: Tensor): Tensor {
  const [groups, batch, channels, ...output] = y.shape as [number, number, number, ...number[]];
  return y
    .permute(0, 2, 1, ...axesBetween(3, y.rank))
    .reshape(groups, channels, batch * output.reduce((product, size) => product * size, 1));
}

/** [G, O, C, ...kernel] as [G, O, C·kernel]. */
const matrixOf = (w: Tensor): Tensor => w.flatten(2);

/** y[g, n, o, i] = Σ over c and k of w[g, o, c, k]·x[g, n, c, i·stride + k·dilation]. */
export function correlate(x: Tensor, w: Tensor, windows: Windows): Tensor {
  const [groups, channels] = w.shape as [number, number];
  const forward = (a: Tensor, b: Tensor): Tensor =>
    matrixOf(b)
      .matmul(columnsOf(a, windows))
      .reshape(groups, channels, x.shape[1]!, ...windows.output)
      .permute(0, 2, 1, ...axesBetween(3, x.rank));
  return customGradient(forward, (u, _, a, b) => [
    correlateInput(u, b, windows),
    correlateWeight(a, u, windows),
  ])(x, w);
}

/** The gradient of `correlate` with respect to x from that of y: a transposed convolution. */
export function correlateInput(y: Tensor, w: Tensor, windows: Windows): Tensor {
  const [batch, channels] = [y.shape[1]!, w.shape[2]!];
  const forward = (a: Tensor, b: Tensor): Tensor =>
    addColumns(matrixOf(b).transpose().matmul(rowsOf(a)), batch, channels, windows);
  return customGradient(forward, (u, _, a, b) => [correlate(u, b, windows), correlateWeight(u, a, windows)])(
    y,
    w,
  );
}

/** The gradient of `correlate` with respect to w from that of y. */
export function correlateWeight(x: Tensor, y: Tensor, windows: Windows): Tensor {
  const [groups, channels] = [x.shape[0]!, x.shape[2]!];
  const forward = (a: Tensor, b: Tensor): Tensor =>
    rowsOf(b)
      .matmul(columnsOf(a, windows).transpose())
      .reshape(groups, y.shape[2]!, channels, ...windows.kernel);
  return customGradient(forward, (u, _, a, b) => [correlateInput(b, u, windows), correlate(a, u, windows)])(
    x,
    y,
  );
}

/** [N, G·C, ...] as [G, N, C, ...]. */
export function splitGroups(x: Tensor, groups: number): Tensor {
  const [batch, channels, ...rest] = x.shape as [number, number, ...number[]];
  const apart = x.reshape(batch, groups, channels / groups, ...rest);
  return apart.permute(1, 0, ...axesBetween(2, apart.rank));
}

/** [G, N, C, ...] as [N, G·C, ...]. */
export function joinGroups(x: Tensor): Tensor {
  const [groups, batch, channels, ...rest] = x.shape as [number, number, number, ...number[]];
  return x.permute(1, 0, ...axesBetween(2, x.rank)).reshape(batch, groups * channels, ...rest);
}
