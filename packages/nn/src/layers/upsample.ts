import { OptionError, ShapeError, tensor, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";
import { mixAxis, type Mix } from "./resample.ts";
import { checkSpatial, perAxis, spatialOf, type Extent } from "./spatial.ts";

/** Options of Upsample: a size or a factor. */
export interface UpsampleOptions {
  /** Sizes of the output's spatial axes. */
  readonly size?: Extent;
  /** How many times larger each axis becomes; the size is rounded down. */
  readonly scaleFactor?: number | readonly number[];
  /** "nearest" unless given; "bilinear" is for images. */
  readonly mode?: "nearest" | "bilinear";
  /** Whether the outermost elements keep their places, for "bilinear"; false unless given. */
  readonly alignCorners?: boolean;
}

/**
 * Images, or for "nearest" also sequences and volumes, at another size: [N, C, ...] keeps N and C. "nearest" takes
 * x[⌊i/factor⌋]; "bilinear" weighs the two neighbours along each axis, at (i + ½)/factor − ½, or at
 * i·(in − 1)/(out − 1) where corners are aligned.
 *
 * @throws OptionError unless there is a size or a factor and not both, both whole or positive; from `forward` ShapeError
 * where the input has other axes, or the output would be empty.
 */
export class Upsample extends Module {
  readonly size: Extent | null;
  readonly scaleFactor: number | readonly number[] | null;
  readonly mode: "nearest" | "bilinear";
  readonly alignCorners: boolean;

  constructor(options: UpsampleOptions) {
    super();
    const { size, scaleFactor, mode = "nearest", alignCorners = false } = options;
    if ((size === undefined) === (scaleFactor === undefined)) {
      throw new OptionError("Upsample: give either size or scaleFactor");
    }
    if (mode !== "nearest" && mode !== "bilinear") {
      throw new OptionError(`Upsample: mode is nearest or bilinear, not ${JSON.stringify(mode)}`);
    }
    if ([scaleFactor ?? 1].flat().some((factor) => !(factor > 0 && factor < Infinity))) {
      throw new OptionError(`Upsample: scaleFactor is positive, not ${JSON.stringify(scaleFactor)}`);
    }
    this.size = size ?? null;
    this.scaleFactor = scaleFactor ?? null;
    this.mode = mode;
    this.alignCorners = alignCorners;
  }

  override forward(x: Tensor): Tensor {
    const rank = this.mode === "bilinear" ? 2 : Math.min(3, Math.max(1, x.rank - 2));
    checkSpatial(`Upsample(${this.describe()})`, x, null, rank);
    const { sizes, ratios } = this.#target(spatialOf(x));
    if (sizes.some((size) => size < 1)) {
      throw new ShapeError(`Upsample: nothing is left of [${x.shape.join(", ")}] at [${sizes.join(", ")}]`);
    }
    return sizes.reduce(
      (y, size, i) => (this.mode === "nearest" ? nearest : this.#linear)(y, 2 + i, size, ratios[i]!),
      x,
    );
  }

  /** Output sizes, and how far the input moves for one step of the output. */
  #target(sizes: readonly number[]): { sizes: readonly number[]; ratios: readonly number[] } {
    if (this.size !== null) {
      const wanted = perAxis("Upsample", "size", this.size, sizes.length, 1);
      return { sizes: wanted, ratios: wanted.map((size, i) => sizes[i]! / size) };
    }
    const factors = [this.scaleFactor!].flat();
    const all = factors.length === 1 ? sizes.map(() => factors[0]!) : factors;
    if (all.length !== sizes.length) {
      throw new OptionError(
        `Upsample: ${all.length} factors, [${all.join(", ")}], for ${sizes.length} spatial axes`,
      );
    }
    return {
      sizes: sizes.map((size, i) => Math.floor(size * all[i]!)),
      ratios: all.map((factor) => 1 / factor),
    };
  }

  readonly #linear = (x: Tensor, axis: number, size: number, ratio: number): Tensor => {
    const from = x.shape[axis]!;
    const placeOf = (i: number): number => {
      if (this.alignCorners) return size > 1 ? (i * (from - 1)) / (size - 1) : 0;
      return Math.max(0, (i + 0.5) * ratio - 0.5);
    };
    const mixes = Array.from({ length: size }, (_, i): Mix => {
      const place = placeOf(i);
      const low = Math.min(from - 1, Math.floor(place));
      const share = Math.min(1, place - low);
      return [[low, 1 - share], [Math.min(from - 1, low + 1), share]]; // prettier-ignore
    });
    return mixAxis(x, axis, mixes);
  };

  protected override describe(): string {
    const target =
      this.size === null ? `scaleFactor=${String(this.scaleFactor)}` : `size=${String(this.size)}`;
    return `${target}, mode=${this.mode}${this.mode === "bilinear" ? `, alignCorners=${this.alignCorners}` : ""}`;
  }
}

function nearest(x: Tensor, axis: number, size: number, ratio: number): Tensor {
  const from = x.shape[axis]!;
  // A whole factor is a repeat, which copies nothing and has a sum for its gradient.
  if (size % from === 0 && ratio === from / size) return x.repeat(size / from, axis);
  const indices = Array.from({ length: size }, (_, i) => Math.min(from - 1, Math.floor(i * ratio)));
  return x.take(tensor(indices, { dtype: "int32" }), axis);
}
