import type { Dtype, TypedArray } from "@chainrule/core";

/** Below this many elements a loop is quicker than setting up a copy. */
const short = 16;

/** The memory as typed arrays, made anew when it has grown. */
export class Views {
  readonly #memory: WebAssembly.Memory;
  i32: Int32Array = new Int32Array();
  #of!: Readonly<Record<Dtype, TypedArray>>;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.refresh();
  }

  /** Must be called after whatever may have grown the memory. */
  refresh(): void {
    const { buffer } = this.#memory;
    if (buffer === this.i32.buffer) return;
    const bytes = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.#of = {
      bool: bytes,
      uint8: bytes,
      int32: this.i32,
      float32: new Float32Array(buffer),
      float64: new Float64Array(buffer),
    };
  }

  write(address: number, data: TypedArray, dtype: Dtype): void {
    const view = this.#of[dtype];
    const first = address / view.BYTES_PER_ELEMENT;
    if (data.length > short) view.set(data, first);
    else for (let i = 0; i < data.length; i++) view[first + i] = data[i]!;
  }

  /** A copy of elements, in memory of its own. */
  read(address: number, length: number, dtype: Dtype): TypedArray {
    const view = this.#of[dtype];
    const first = address / view.BYTES_PER_ELEMENT;
    return view.slice(first, first + length);
  }
}
