import { directBlock } from "./dot-direct.ts";
import { createPackedProduct, type PackedProduct } from "./dot-packed.ts";
import { rowLength } from "./fold-across.ts";

/** Working memory that all kernels of one backend share, since they run one at a time; made when first needed. */
export class Scratch {
  #rows: readonly [Float64Array, Float64Array] | undefined;
  #block: Float64Array | undefined;
  #product: PackedProduct | undefined;

  /** The rows in which outer axes are folded. */
  get rows(): readonly [Float64Array, Float64Array] {
    return (this.#rows ??= [new Float64Array(rowLength), new Float64Array(rowLength)]);
  }

  /** The results of a direct product, for its epilogue. */
  get directBlock(): Float64Array {
    return (this.#block ??= new Float64Array(directBlock.rows * directBlock.columns));
  }

  get packedProduct(): PackedProduct {
    return (this.#product ??= createPackedProduct());
  }
}
