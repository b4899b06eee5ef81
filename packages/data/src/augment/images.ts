import { Generator, OptionError, ShapeError, threefry2x32, type TypedArray } from "@chainrule/core";
import type { Fields, HostArray } from "../dataset.ts";
import type { BatchInfo } from "../loader.ts";
import { between } from "../random-numbers.ts";
import { normalNumbers } from "./draws.ts";
import { type Displacement, elasticField } from "./elastic.ts";
import { type Affine, resample } from "./resample.ts";

/** How images are changed at random; what is left out is not done. */
export interface AugmentOptions {
  /** The most pixels of a shift along each axis. */
  readonly shift?: number;
  /** The most degrees of a turn, either way. */
  readonly rotate?: number;
  /** The most that the size changes, as a share: 0.1 for 0.9 to 1.1. */
  readonly scale?: number;
  /** Local distortion: displacements of at most about `strength` pixels that change over `smoothness` pixels. */
  readonly elastic?: { readonly strength: number; readonly smoothness: number };
  /** Standard deviation of normal noise added to each pixel. */
  readonly noise?: number;
  /** What lies outside the image; default 0. */
  readonly fill?: number;
  /** Bounds on the result. */
  readonly clip?: readonly [number, number];
  /** Rows and columns, where examples are flat. */
  readonly size?: readonly [height: number, width: number];
  /** Fixes all changes, with the epoch and the example; default 0. */
  readonly seed?: number;
  /** The field that holds images; default "x". */
  readonly field?: string;
}

/**
 * A `map` for a DataLoader that changes every image anew in each epoch: shift, turn, size and elastic distortion in one
 * bilinear resampling, then noise. What becomes of an image is fixed by seed, epoch and its place in the dataset, not
 * by the order or size of batches.
 *
 * Images are [n, height, width], [n, channels, height, width], or flat with `size`; channels move together.
 *
 * @throws OptionError for options below 0 or not finite; when it runs, ShapeError for arrays that are no images.
 * @see Simard, Steinkraus, Platt, "Best practices for convolutional neural networks", 2003
 */
export function augmentImages(
  options: AugmentOptions,
): <K extends string>(batch: Fields<K>, info: BatchInfo) => Fields<K> {
  const { shift = 0, rotate = 0, scale = 0, noise = 0, elastic, seed = 0, field = "x" } = options;
  const bounds = {
    shift,
    rotate,
    scale,
    noise,
    "elastic.strength": elastic?.strength ?? 0,
    "elastic.smoothness": elastic?.smoothness ?? 1,
  };
  for (const [name, value] of Object.entries(bounds)) {
    if (!(value >= 0 && value < Infinity))
      throw new OptionError(`augmentImages: ${name} is ${value}; it must be at least 0`);
  }
  if (scale >= 1) throw new OptionError(`augmentImages: scale is ${scale}; it must be below 1`);
  return <K extends string>(batch: Fields<K>, { epoch, indices }: BatchInfo): Fields<K> => {
    const images = (batch as Readonly<Record<string, HostArray>>)[field];
    if (!images) throw new ShapeError(`augmentImages: the batch has no field "${field}"`);
    const { channels, height, width } = layoutOf(images, options.size);
    const plane = height * width;
    const data = images.data.slice();
    indices.forEach((index, row) => {
      const start = row * channels * plane;
      const image = data.subarray(start, start + channels * plane);
      changeImage(image, { channels, height, width }, options, generatorFor(seed, epoch, index));
    });
    return { ...batch, [field]: { ...images, data } };
  };
}

/** A stream of its own for each example in each epoch. */
function generatorFor(seed: number, epoch: number, index: number): Generator {
  const [low, high] = threefry2x32(seed % 2 ** 32, Math.floor(seed / 2 ** 32), epoch, index);
  return new Generator((low >>> 0) + (high & 0x1fffff) * 2 ** 32);
}

interface Layout {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

function layoutOf({ data, shape }: HostArray, size: AugmentOptions["size"]): Layout {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) {
    throw new ShapeError(
      `augmentImages: pixels are floats, not a ${data.constructor.name}; give the field a scale`,
    );
  }
  const rank = shape.length;
  if (rank === 3 || rank === 4) {
    return { channels: rank === 4 ? shape[1]! : 1, height: shape[rank - 2]!, width: shape[rank - 1]! };
  }
  const [height = 0, width = 0] = size ?? [];
  if (rank === 2 && height > 0 && width > 0 && shape[1]! % (height * width) === 0) {
    return { channels: shape[1]! / (height * width), height, width };
  }
  throw new ShapeError(
    `augmentImages: [${shape.join(", ")}] are no images${rank === 2 ? "; give size: [height, width] for flat ones" : ""}`,
  );
}

function changeImage(
  image: TypedArray,
  { channels, height, width }: Layout,
  options: AugmentOptions,
  generator: Generator,
): void {
  const { shift = 0, rotate = 0, scale = 0, noise = 0, elastic, fill = 0, clip } = options;
  // Every number is drawn, asked for or not, so that one option does not change what another draws.
  const angle = (between(generator, -rotate, rotate) * Math.PI) / 180;
  const factor = 1 + between(generator, -scale, scale);
  const [dx, dy] = [between(generator, -shift, shift), between(generator, -shift, shift)];
  // From where a pixel of the result comes: the change undone.
  const [cos, sin] = [Math.cos(angle) / factor, Math.sin(angle) / factor];
  const affine: Affine = {
    xx: cos,
    xy: sin,
    yx: -sin,
    yy: cos,
    dx: -cos * dx - sin * dy,
    dy: sin * dx - cos * dy,
  };
  // Each draws keys by number, so that what is left out must leave its own.
  const distorted = elastic !== undefined && elastic.strength > 0;
  const field: Displacement | null = distorted
    ? elasticField(height, width, elastic.strength, elastic.smoothness, generator)
    : null;
  if (!distorted) generator.counter += 2;
  if (shift > 0 || rotate > 0 || scale > 0 || field) {
    const plane = height * width;
    for (let channel = 0; channel < channels; channel++) {
      const pixels = image.subarray(channel * plane, (channel + 1) * plane);
      pixels.set(resample(pixels, height, width, affine, field, fill));
    }
  }
  if (noise > 0) {
    const added = normalNumbers(generator, image.length);
    for (let i = 0; i < image.length; i++) image[i]! += noise * added[i]!;
  }
  if (clip) {
    const [least, most] = clip;
    for (let i = 0; i < image.length; i++) image[i] = Math.min(most, Math.max(least, image[i]!));
  }
}
