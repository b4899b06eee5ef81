import { sheetOf } from "../device/sheet.ts";

/** The most elements that a kernel reaches: gpu.js computes positions in float32, which from here on skips some. */
export const mostElements: number = 2 ** 24;

/** How a mode of gpu.js wants what JavaScript and GLSL spell differently. */
export interface Target {
  /** The text of the element's position in an output of `length` elements. */
  position(length: number): string;
  /** The text of a number; `constants` takes what has to be passed by name. */
  literal(value: number, constants: Map<number, string>): string;
  readonly isShader: boolean;
  /** Whether `+` and `*` round to float32 by themselves. */
  readonly isSingle: boolean;
  /** The most buffers that one kernel may read. */
  readonly maxInputs: number;
}

const word = new DataView(new ArrayBuffer(4));

/** A number by its bits. */
function bitsOf(value: number): string {
  word.setFloat32(0, value);
  return `cr_bits(${word.getUint16(0)}, ${word.getUint16(2)})`;
}

/** A fragment shader: its position is that of the fragment. */
export const shaderTarget = (maxInputs: number): Target => ({
  position: (length) => `cr_position(${sheetOf(length).width})`,
  literal: bitsOf,
  isShader: true,
  isSingle: true,
  maxInputs,
});

/** A compute shader. */
export const computeTarget = (maxInputs: number): Target => ({
  position: () => "this.thread.x",
  literal: bitsOf,
  isShader: true,
  isSingle: true,
  maxInputs,
});

/** JavaScript or WebAssembly, where `isSingle` tells the second. */
export const scriptTarget = (isSingle: boolean): Target => ({
  position: () => "this.thread.x",
  literal(value, constants) {
    const key = Object.is(value, -0) ? -0 : value;
    // A map takes both zeros for one.
    const name = Object.is(key, -0) ? "minusZero" : (constants.get(key) ?? `c${constants.size}`);
    if (name !== "minusZero") constants.set(key, name);
    return name === "minusZero" ? "(-this.constants.zero)" : `this.constants.${name}`;
  },
  isShader: false,
  isSingle,
  maxInputs: Infinity,
});
