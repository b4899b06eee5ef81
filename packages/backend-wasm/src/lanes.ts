import { bytesPerElement, type Dtype } from "@chainrule/core";
import type { Func, Int, Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";
import { i32, v128 } from "./wasm/types.ts";

/**
 * Four elements as they are computed with: one vector, or two for float64. bool is a mask of 32-bit lanes, uint8 is
 * widened to int32.
 */
export type Lanes = readonly Local[];

/** Elements computed at a time. */
export const width = 4;

/** What loads may read past the end of a buffer, in bytes; the heap keeps that much room at its end. */
export const overread = 64;

export const partsOf = (dtype: Dtype): 1 | 2 => (dtype === "float64" ? 2 : 1);

/** 32-bit lanes `x[0], x[2], y[0], y[2]`: the masks of two float64 vectors as one. */
export const joinMasks = (f: Func, [low, high]: Lanes): Local => f.shuffle(low!, high!, [0, 2, 4, 6]);

/** The masks of four lanes as those of two float64 vectors. */
export const splitMask = (f: Func, mask: Local): Lanes => [
  f.v(op.i64x2extendLow, mask),
  f.v(op.i64x2extendHigh, mask),
];

const widen = (f: Func, bytes: Local): Local => f.v(op.extend16, f.v(op.extend8, bytes));
const toMask = (f: Func, words: Local): Local => f.v(op.i32x4ne, words, f.i32(0));

/** One element in all lanes. */
export function loadOne(f: Func, dtype: Dtype, address: Int, offset = 0): Lanes {
  switch (dtype) {
    case "float32":
    case "int32":
      return [f.load(op.load32Splat, address, offset, v128)];
    case "float64": {
      const both = f.load(op.load64Splat, address, offset, v128);
      return [both, both];
    }
    default: {
      const word = f.v(op.i32x4splat, f.load(op.load8u, address, offset));
      return [dtype === "bool" ? toMask(f, word) : word];
    }
  }
}

/** `count` elements `stride` apart, into as many lanes; what the other lanes hold is of no meaning. */
export function load(
  f: Func,
  dtype: Dtype,
  address: Int,
  offset: number,
  stride: number,
  count: number,
): Lanes {
  if (stride === 0 || count === 1) return loadOne(f, dtype, address, offset);
  const size = bytesPerElement(dtype);
  if (stride === 1) {
    if (size === 8) {
      const low = f.load(op.vload, address, offset, v128);
      return [low, count > 2 ? f.load(op.vload, address, offset + 16, v128) : low];
    }
    if (size === 4) return [f.load(op.vload, address, offset, v128)];
    const word = widen(f, f.load(op.load32Zero, address, offset, v128));
    return [dtype === "bool" ? toMask(f, word) : word];
  }
  if (size === 4 && stride === 2) {
    const [low, high] = [offset, offset + 16].map((at) => f.load(op.vload, address, at, v128));
    return [f.shuffle(low!, high!, [0, 2, 4, 6])];
  }
  // Offsets of instructions are unsigned, so that lanes are counted from the lowest address.
  const step = stride * size;
  const lowest = step < 0 ? f.add(address, (count - 1) * step) : address;
  const place = (lane: number): number => offset + (step < 0 ? (lane - count + 1) * step : lane * step);
  const lanes = Array.from({ length: count }, (_, lane) => lane);
  if (size === 8) {
    const pair = (first: number): Local => {
      const low = f.load(op.load64Zero, lowest, place(first), v128);
      return first + 1 < count ? f.loadLane(op.load64Lane, lowest, place(first + 1), low, 1) : low;
    };
    const low = pair(0);
    return [low, count > 2 ? pair(2) : low];
  }
  if (size === 4) {
    let vector = f.load(op.load32Zero, lowest, place(0), v128);
    for (const lane of lanes.slice(1)) vector = f.loadLane(op.load32Lane, lowest, place(lane), vector, lane);
    return [vector];
  }
  let vector = f.v(op.i32x4splat, f.load(op.load8u, lowest, place(0)));
  for (const lane of lanes.slice(1)) {
    vector = f.lane(op.i32x4replace, lane, v128, vector, f.load(op.load8u, lowest, place(lane)));
  }
  return [dtype === "bool" ? toMask(f, vector) : vector];
}

/** The first `count` lanes to adjacent elements, and nothing beside them. */
export function store(f: Func, dtype: Dtype, address: Int, value: Lanes, count: number, offset = 0): void {
  const [low, high] = value as readonly [Local, Local];
  if (dtype === "float64") {
    storePart(f, address, low, offset, Math.min(count, 2) * 2);
    if (count > 2) storePart(f, address, high, offset + 16, (count - 2) * 2);
    return;
  }
  if (dtype === "float32" || dtype === "int32") return storePart(f, address, low, offset, count);
  const bits = f.v(op.vand, low, f.i32(dtype === "bool" ? 1 : 255));
  const bytes = f.v(op.narrow16, f.v(op.narrow32, bits, bits), bits);
  if (count === 4) return f.storeLane(op.store32Lane, address, bytes, offset, 0);
  if (count >= 2) f.storeLane(op.store16Lane, address, bytes, offset, 0);
  if (count !== 2) f.storeLane(op.store8Lane, address, bytes, offset + count - 1, count - 1);
}

/** `words` 32-bit lanes of one vector. */
export function storePart(f: Func, address: Int, vector: Local, offset: number, words: number): void {
  if (words === 4) return f.store(op.vstore, address, vector, offset);
  if (words >= 2) f.storeLane(op.store64Lane, address, vector, offset, 0);
  if (words !== 2) f.storeLane(op.store32Lane, address, vector, offset + (words - 1) * 4, words - 1);
}

/** A constant in all lanes. */
export function constant(f: Func, dtype: Dtype, value: number): Lanes {
  switch (dtype) {
    case "float32":
      return [f.f32(value)];
    case "float64": {
      const both = f.f64(value);
      return [both, both];
    }
    case "bool":
      return [f.i32(value === 0 ? 0 : -1)];
    default:
      return [f.i32(dtype === "uint8" ? value & 255 : value | 0)];
  }
}

/** A truth value of the emitted program (0 or 1) in all lanes. */
export const truth = (f: Func, value: Int): Local =>
  typeof value === "number" ? f.i32(-value) : f.v(op.i32x4splat, f.sub(0, value));

/** The element in one lane of an int32 vector. */
export const extract = (f: Func, vector: Local, lane: number): Local =>
  f.lane(op.i32x4extract, lane, i32, vector);

/** As many vectors as they have lanes, transposed. */
export function transpose(f: Func, rows: readonly Local[]): Local[] {
  const [a, b, c, d] = rows as [Local, Local, Local, Local];
  if (rows.length === 2) return [f.shuffle(a, b, [0, 2]), f.shuffle(a, b, [1, 3])];
  const [ab, cd] = [f.shuffle(a, b, [0, 4, 1, 5]), f.shuffle(c, d, [0, 4, 1, 5])];
  const [ef, gh] = [f.shuffle(a, b, [2, 6, 3, 7]), f.shuffle(c, d, [2, 6, 3, 7])];
  const halves = [0, 1, 4, 5];
  const others = [2, 3, 6, 7];
  return [
    f.shuffle(ab, cd, halves),
    f.shuffle(ab, cd, others),
    f.shuffle(ef, gh, halves),
    f.shuffle(ef, gh, others),
  ];
}
