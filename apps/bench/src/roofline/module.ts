/** Accumulators of the loop: enough to hide the latency of a multiply-add, and few enough for 16 registers. */
export const accumulators = 12;
/** Floating-point operations of one turn of the loop: four lanes, a multiply and an add each. */
export const flopsPerTurn = accumulators * 4 * 2;

const i32 = 0x7f;
const f32 = 0x7d;
const v128 = 0x7b;
const simd = 0xfd;

/** Unsigned LEB128. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>>= 7;
  } while (value > 0);
  return bytes;
}

const vector = (items: readonly (readonly number[])[]): number[] => [...leb(items.length), ...items.flat()];
const section = (id: number, body: readonly number[]): number[] => [id, ...leb(body.length), ...body];
const name = (text: string): number[] => [...leb(text.length), ...new TextEncoder().encode(text)];

const get = (local: number): number[] => [0x20, ...leb(local)];
const set = (local: number): number[] => [0x21, ...leb(local)];
const tee = (local: number): number[] => [0x22, ...leb(local)];
const loop = [0x03, 0x40];
const end = [0x0b];
const one = [0x41, 1];
const subtract = [0x6b];
const branchBack = [0x0d, 0];
const splat = [simd, 0x13];
const firstLane = [simd, 0x1f, 0];
const add = [simd, ...leb(0xe4)];
const multiply = [simd, ...leb(0xe6)];
const relaxedMultiplyAdd = [simd, ...leb(0x105)];

/** The instructions of a module: `relaxed-simd` has a fused multiply-add, `simd` a multiply and an add. */
export type Instructions = "relaxed-simd" | "simd";

/**
 * A module that exports `peak(turns: i32, x: f32, y: f32) → f32`: in each turn every accumulator becomes itself + x·y.
 * Nothing but registers is touched, so no product can be faster.
 */
export function peakModule(instructions: Instructions): Uint8Array<ArrayBuffer> {
  const [turns, x, y, vectorX, vectorY, first] = [0, 1, 2, 3, 4, 5];
  const locals = Array.from({ length: accumulators }, (_, i) => first + i);
  const step = (accumulator: number): number[] =>
    instructions === "relaxed-simd"
      ? [...get(vectorX), ...get(vectorY), ...get(accumulator), ...relaxedMultiplyAdd, ...set(accumulator)]
      : [...get(vectorX), ...get(vectorY), ...multiply, ...get(accumulator), ...add, ...set(accumulator)];
  const body = [
    vector([[...leb(2 + accumulators), v128]]),
    [get(x), splat, set(vectorX)].flat(),
    [get(y), splat, set(vectorY)].flat(),
    loop,
    locals.flatMap(step),
    // turns = turns − 1; go on while it is not zero
    [get(turns), one, subtract, tee(turns), branchBack, end].flat(),
    get(first),
    locals.slice(1).flatMap((local) => [...get(local), ...add]),
    firstLane,
    end,
  ].flat();
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const type = [0x60, ...vector([[i32], [f32], [f32]]), ...vector([[f32]])];
  return Uint8Array.from(
    [
      magic,
      section(1, vector([type])),
      section(3, vector([[0]])),
      section(7, vector([[...name("peak"), 0, 0]])),
      section(10, vector([[...leb(body.length), ...body]])),
    ].flat(),
  );
}
