import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { View } from "../src/engine/view.ts";
import { contiguousStrides, sizeOf, type Shape } from "../src/shape.ts";

/** What an index space reads, listed: the buffer's address for each index in row-major order, −1 for a zero. */
interface Listing {
  readonly shape: Shape;
  readonly addresses: readonly number[];
}

type Position = readonly number[];

function positionsOf(shape: Shape): Position[] {
  const strides = contiguousStrides(shape);
  return Array.from({ length: sizeOf(shape) }, (_, i) =>
    shape.map((size, axis) => Math.floor(i / strides[axis]!) % size),
  );
}

/** The listing whose index reads what `from` says: an index of `x`, or nothing. */
function pull(x: Listing, shape: Shape, from: (position: Position) => Position | null): Listing {
  const strides = contiguousStrides(x.shape);
  const addresses = positionsOf(shape).map((position) => {
    const source = from(position);
    if (source === null || source.some((at, axis) => at < 0 || at >= x.shape[axis]!)) return -1;
    return x.addresses[source.reduce((sum, at, axis) => sum + at * strides[axis]!, 0)]!;
  });
  return { shape, addresses };
}

const listed = (view: View): Listing => ({
  shape: view.shape,
  addresses: positionsOf(view.shape).map((position) => {
    const { mask, strides, offset } = view;
    if (mask?.some(([low, high], axis) => position[axis]! < low || position[axis]! >= high)) return -1;
    return position.reduce((sum, at, axis) => sum + at * strides[axis]!, offset);
  }),
});

const buffer = (shape: Shape): Listing => ({ shape, addresses: positionsOf(shape).map((_, i) => i) });

/** Whether some offset, strides and mask read the listing: what is not zero fills a box, evenly strided in it. */
function isExpressible({ shape, addresses }: Listing): boolean {
  const positions = positionsOf(shape);
  const inside = positions.filter((_, i) => addresses[i]! >= 0);
  if (inside.length === 0) return true;
  const low = shape.map((_, axis) => Math.min(...inside.map((position) => position[axis]!)));
  const high = shape.map((_, axis) => Math.max(...inside.map((position) => position[axis]!)) + 1);
  const isInBox = (position: Position): boolean =>
    position.every((at, axis) => at >= low[axis]! && at < high[axis]!);
  if (positions.filter(isInBox).length !== inside.length) return false;
  const flat = contiguousStrides(shape);
  const addressAt = (position: Position): number =>
    addresses[position.reduce((sum, at, axis) => sum + at * flat[axis]!, 0)]!;
  const first = addressAt(low);
  const strides = shape.map((_, axis) =>
    high[axis]! - low[axis]! > 1 ? addressAt(low.map((at, i) => (i === axis ? at + 1 : at))) - first : 0,
  );
  return inside.every(
    (position) =>
      addressAt(position) === position.reduce((sum, at, i) => sum + (at - low[i]!) * strides[i]!, first),
  );
}

/** A movement, as numbers that any shape can make sense of. */
const step = fc.record({
  kind: fc.constantFrom("permute", "expand", "pad", "slice", "flip", "window", "reshape", "split"),
  a: fc.nat(11),
  b: fc.nat(11),
  c: fc.nat(11),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const replaced = <T>(list: readonly T[], at: number, ...by: readonly T[]): T[] =>
  list.toSpliced(at, 1, ...by);

/** The movement done to a view, and index by index; null where it does not apply to the shape. */
function fitted(
  { kind, a, b, c }: Step,
  shape: Shape,
): [(v: View) => View | null, (x: Listing) => Listing] | null {
  if (shape.length === 0) return null;
  const axis = a % shape.length;
  const n = shape[axis]!;
  switch (kind) {
    case "permute": {
      const order = [...shape.keys()];
      const other = b % shape.length;
      [order[axis], order[other]] = [order[other]!, order[axis]!];
      const to = order.map((from) => shape[from]!);
      const back = order.map((_, i) => order.indexOf(i));
      return [(v) => v.permute(order), (x) => pull(x, to, (at) => back.map((i) => at[i]!))];
    }
    case "expand": {
      if (n !== 1) return null;
      const to = replaced(shape, axis, 1 + (b % 3));
      return [(v) => v.expand(to), (x) => pull(x, to, (at) => replaced(at, axis, 0))];
    }
    case "pad": {
      const [before, after] = [b % 3, c % 3];
      const padding = shape.map((_, i): [number, number] => (i === axis ? [before, after] : [0, 0]));
      const to = replaced(shape, axis, n + before + after);
      return [(v) => v.pad(padding), (x) => pull(x, to, (at) => replaced(at, axis, at[axis]! - before))];
    }
    case "slice": {
      const pace = 1 + (c % 3);
      const start = b % n;
      const size = Math.ceil((n - start) / pace) - (a % 2 === 0 && n - start > pace ? 1 : 0);
      const to = replaced(shape, axis, size);
      const [starts, steps] = [shape.map(() => 0), shape.map(() => 1)];
      starts[axis] = start;
      steps[axis] = pace;
      return [
        (v) => v.slice(starts, to, steps),
        (x) => pull(x, to, (at) => replaced(at, axis, start + at[axis]! * pace)),
      ];
    }
    case "flip":
      return [(v) => v.flip([axis]), (x) => pull(x, shape, (at) => replaced(at, axis, n - 1 - at[axis]!))];
    case "window": {
      const size = 1 + (b % n);
      const dilation = size > 1 ? 1 + (c % Math.max(1, Math.floor((n - 1) / (size - 1)))) : 1;
      const stride = 1 + (c % 2);
      const count = Math.floor((n - (size - 1) * dilation - 1) / stride) + 1;
      const to = [...replaced(shape, axis, count), size];
      return [
        (v) => v.window(axis, size, stride, dilation),
        (x) =>
          pull(x, to, (at) => replaced(at.slice(0, -1), axis, at[axis]! * stride + at.at(-1)! * dilation)),
      ];
    }
    case "reshape": {
      const end = axis + 1 + (b % (shape.length - axis));
      const to = [...shape.slice(0, axis), sizeOf(shape.slice(axis, end)), ...shape.slice(end)];
      return reshaped(to);
    }
    case "split": {
      const divisors = Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);
      const first = divisors[b % divisors.length]!;
      return reshaped(replaced(shape, axis, first, n / first));
    }
  }
}

const reshaped = (to: Shape): [(v: View) => View | null, (x: Listing) => Listing] => [
  (v) => v.reshape(to),
  ({ addresses }) => ({ shape: to, addresses }),
];

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
const chain = fc.array(step, { minLength: 1, maxLength: 7 });

describe("View", () => {
  it("any chain of movements reads what an enumeration of indices reads", () => {
    fc.assert(
      fc.property(shapes, chain, (shape, steps) => {
        let view = View.contiguous(shape);
        let expected = buffer(shape);
        for (const each of steps) {
          if (sizeOf(view.shape) > 400 || view.shape.length > 5) return;
          const movement = fitted(each, view.shape);
          if (movement === null) continue;
          expected = movement[1](expected);
          const next = movement[0](view);
          if (next === null) {
            expect(isExpressible(expected), `${JSON.stringify(view)} ${JSON.stringify(each)}`).toBe(false);
            expected = buffer(expected.shape);
          }
          view = next ?? View.contiguous(expected.shape);
          expect(listed(view)).toEqual(expected);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("isContiguous says whether the index order is the buffer's", () => {
    fc.assert(
      fc.property(shapes, chain, (shape, steps) => {
        let view = View.contiguous(shape);
        for (const each of steps) view = fitted(each, view.shape)?.[0](view) ?? view;
        const { addresses } = listed(view);
        expect(view.isContiguous).toBe(addresses.every((address, i) => address === i));
      }),
      { numRuns: 1000 },
    );
  });

  it("keeps no mask that hides nothing", () => {
    const padded = View.contiguous([3]).pad([[2, 1]]);
    expect(padded.mask).toEqual([[2, 5]]);
    expect(padded.slice([2], [3], [1]).mask).toBeNull();
  });
});
