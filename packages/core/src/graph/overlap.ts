import { ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import * as g from "./build.ts";
import type { Node } from "./node.ts";

/** Windows whose gradient is that of `overlapAdd`. */
export const windowsOf = (x: Node, axis: number, size: number, stride: number, dilation: number): Node =>
  g.window(x, axis, size, stride, dilation, overlapAdd);

/** Up to so many elements a window, an element's sum is written out; more are scattered. */
const writtenOut = 32;

/**
 * What `window` does, transposed: `windows` holds along `axis` one window an index and along its last axis the window;
 * each element is added at i·stride + k·dilation of an axis of `length` zeros that takes the place of both.
 */
export function overlapAdd(
  windows: Node,
  axis: number,
  length: number,
  stride: number,
  dilation: number,
): Node {
  const [count, size] = [windows.shape[axis]!, windows.shape.at(-1)!];
  if ((count - 1) * stride + (size - 1) * dilation >= length) {
    throw new ShapeError(
      `overlapAdd: the windows of ${formatShape(windows.shape)}, every ${stride} along axis ${axis} and ` +
        `${dilation} between elements, reach past ${length}`,
    );
  }
  if (dilation === 1 && size <= stride) return sideBySide(windows, axis, length, stride);
  if (size > writtenOut) return scattered(windows, axis, length, stride, dilation);
  return shifted(windows, axis, length, stride, dilation);
}

const none = (x: Node): [number, number][] => x.shape.map(() => [0, 0]);

/** Cuts or pads the axis behind its end. */
function resize(x: Node, axis: number, length: number): Node {
  const missing = length - x.shape[axis]!;
  if (missing >= 0) return g.pad(x, none(x).with(axis, [0, missing]));
  return g.slice(
    x,
    x.shape.map(() => 0),
    [...x.shape].with(axis, length),
    x.shape.map(() => 1),
  );
}

/** An axis and the one behind it as one. */
const join = (x: Node, axis: number): Node =>
  g.reshape(x, [...x.shape.slice(0, axis), x.shape[axis]! * x.shape[axis + 1]!, ...x.shape.slice(axis + 2)]);

/** Windows that do not touch lie one behind the other: nothing is added. */
function sideBySide(windows: Node, axis: number, length: number, stride: number): Node {
  const last = windows.shape.length - 1;
  const order = [...windows.shape.keys()].slice(0, last).flatMap((i) => (i === axis ? [i, last] : [i]));
  return resize(join(resize(g.permute(windows, order), axis + 1, stride), axis), axis, length);
}

/** The sum over k of everything's k-th element, moved to where it belongs: steps of the stride and a phase in them. */
function shifted(windows: Node, axis: number, length: number, stride: number, dilation: number): Node {
  const [count, size] = [windows.shape[axis]!, windows.shape.at(-1)!];
  const steps = count + Math.floor(((size - 1) * dilation) / stride);
  const head = windows.shape.slice(0, -1);
  let total: Node | null = null;
  for (let k = 0; k < size; k++) {
    const [step, phase] = [Math.floor((k * dilation) / stride), (k * dilation) % stride];
    const part = g.slice(
      windows,
      windows.shape.map((_, i) => (i < head.length ? 0 : k)),
      [...head, 1],
      windows.shape.map(() => 1),
    );
    const apart = g.reshape(part, [...head.slice(0, axis + 1), 1, ...head.slice(axis + 1)]);
    const moved = g.pad(
      apart,
      none(apart)
        .with(axis, [step, steps - count - step])
        .with(axis + 1, [phase, stride - 1 - phase]),
    );
    total = total === null ? moved : g.add(total, moved);
  }
  return resize(join(total!, axis), axis, length);
}

function scattered(windows: Node, axis: number, length: number, stride: number, dilation: number): Node {
  const { shape } = windows;
  const rank = shape.length - 1;
  const [count, size] = [shape[axis]!, shape[rank]!];
  const along = (n: number, step: number): Node => g.mul(g.iota([n]), g.constant(step, [n], "int32"));
  const starts = g.expand(g.reshape(along(count, stride), [count, 1]), [count, size]);
  const offsets = g.expand(g.reshape(along(size, dilation), [1, size]), [count, size]);
  const flat = shape.slice(0, rank).with(axis, count * size);
  const line = flat.map((n, i) => (i === axis ? n : 1));
  const positions = g.expand(g.reshape(g.add(starts, offsets), line), flat);
  const order = [...flat.keys()].flatMap((i) => (i === axis ? [i, rank] : [i]));
  const values = g.reshape(g.permute(windows, order), flat);
  return g.scatterAdd(flat.with(axis, length), positions, values, axis);
}
