import type { Dtype, TypedArray } from "@chainrule/core";

/** Below this many elements a loop is quicker than setting up a copy. */
const short = 16;

/** The memory as typed arrays, made anew when it has grown. */
export class Views {
  readonly #memory: WebAssembly.Memory;
  #buffer: ArrayBufferLike;
  i32: Int32Array;
  #f32: Float32Array;
  #f64: Float64Array;
  #u8: Uint8Array;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#buffer = memory.buffer;
    this.i32 = new Int32Array(this.#buffer);
    this.#f32 = new Float32Array(this.#buffer);
    this.#f64 = new Float64Array(this.#buffer);
    this.#u8 = new Uint8Array(this.#buffer);
  }

  /** Must be called after whatever may have grown the memory. */
  refresh(): void {
    const { buffer } = this.#memory;
    if (buffer === this.#buffer) return;
    this.#buffer = buffer;
    this.i32 = new Int32Array(buffer);
    this.#f32 = new Float32Array(buffer);
    this.#f64 = new Float64Array(buffer);
    this.#u8 = new Uint8Array(buffer);
  }

  #viewOf(dtype: Dtype): TypedArray {
    switch (dtype) {
      case "float32":
        return this.#f32;
      case "float64":
        return this.#f64;
      case "int32":
        return this.i32;
      default:
        return this.#u8;
    }
  }

  write(address: number, data: TypedArray): void {
    const view =
      data instanceof Float32Array
        ? this.#f32
        : data instanceof Uint8Array
          ? this.#u8
          : data instanceof Int32Array
            ? this.i32
            : this.#f64;
    const first = address / data.BYTES_PER_ELEMENT;
    if (data.length > short) view.set(data, first);
    else for (let i = 0; i < data.length; i++) view[first + i] = data[i]!;
  }

  /** A copy of elements, in memory of its own. */
  read(address: number, length: number, dtype: Dtype): TypedArray {
    const view = this.#viewOf(dtype);
    const first = address / view.BYTES_PER_ELEMENT;
    return view.slice(first, first + length);
  }
}
