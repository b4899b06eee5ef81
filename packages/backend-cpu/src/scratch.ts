import { rowLength } from "./reduce.ts";

/** Results of a product that wait for its epilogue. */
export const blockRows = 32;
export const blockColumns = 256;

/** Working memory that all kernels of one backend share, since they run one at a time. */
export class Scratch {
  readonly rows: readonly [Float64Array, Float64Array] = [
    new Float64Array(rowLength),
    new Float64Array(rowLength),
  ];
  readonly block: Float64Array = new Float64Array(blockRows * blockColumns);
  #panelA = new Float64Array(0);
  #panelB = new Float64Array(0);

  /** At least `length` elements for packed rows of A. */
  panelA(length: number): Float64Array {
    if (this.#panelA.length < length) this.#panelA = new Float64Array(length);
    return this.#panelA;
  }

  /** At least `length` elements for packed columns of B. */
  panelB(length: number): Float64Array {
    if (this.#panelB.length < length) this.#panelB = new Float64Array(length);
    return this.#panelB;
  }
}
