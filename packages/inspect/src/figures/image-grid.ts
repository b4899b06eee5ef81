import { OptionError, ShapeError, type Tensor } from "@chainrule/core";
import { mixRgb, parseColor, type Rgb } from "../drawing/color.ts";
import { px, textAt } from "../drawing/frame.ts";
import { picture } from "../drawing/picture.ts";
import { colors, fontSizes, palette } from "../drawing/theme.ts";
import { formatNumber, textWidth } from "../text.ts";
import { type ChartOptions, finish } from "./plot.ts";

/** Numbers as a picture. */
export interface Picture {
  /** Row-major, height · width of them. */
  readonly data: ArrayLike<number>;
  readonly height: number;
  readonly width: number;
  /** Written below it. */
  readonly label?: string;
}

/** Options of `imageGrid`. */
export interface ImageGridOptions extends Omit<ChartOptions, "width" | "height"> {
  /** Pictures in a row; default: about square. */
  readonly columns?: number;
  /** "gray" from black to white, "ink" from white to black, "signed" from blue over white at 0 to orange; default "gray". */
  readonly colors?: "gray" | "ink" | "signed";
  /** The numbers at the ends of the colours: of all pictures together ("shared", the default), of each by itself, or given. */
  readonly range?: "shared" | "each" | readonly [number, number];
  /** Pixels of a picture's longer side; default 84. */
  readonly size?: number;
}

const white = parseColor("#FFFFFF");
const black = parseColor("#000000");
const negative = parseColor(palette[0]!);
const positive = parseColor(palette[1]!);

/** The colour of a share of the range, 0 to 1. */
const maps: Readonly<Record<NonNullable<ImageGridOptions["colors"]>, (share: number) => Rgb>> = {
  gray: (share) => mixRgb(black, white, share),
  ink: (share) => mixRgb(white, black, share),
  signed: (share) =>
    share < 0.5 ? mixRgb(negative, white, share * 2) : mixRgb(white, positive, share * 2 - 1),
};

/**
 * Pictures in rows with their labels and a scale of the colours, as an SVG document.
 *
 * @throws OptionError for no pictures; ShapeError where a picture has other than height · width numbers.
 */
export function imageGrid(pictures: readonly Picture[], options: ImageGridOptions = {}): string {
  if (pictures.length === 0) throw new OptionError("imageGrid: give at least one picture");
  for (const { data, height, width } of pictures) {
    if (data.length !== height * width || data.length === 0) {
      throw new ShapeError(`imageGrid: a picture of ${height} × ${width} has ${data.length} numbers`);
    }
  }
  const {
    columns = Math.ceil(Math.sqrt(pictures.length)),
    size = 84,
    range = "shared",
    colors: map = "gray",
  } = options;
  if (!Number.isInteger(columns) || columns < 1)
    throw new OptionError(`imageGrid: columns is ${columns}; give 1 or more`);
  const signed = map === "signed";
  const shared = Array.isArray(range) ? (range as [number, number]) : rangeOf(pictures, signed);
  const labelled = pictures.some(({ label }) => label !== undefined);
  const longest = Math.max(...pictures.map(({ label }) => textWidth(label ?? "", fontSizes.tick)));
  const sizes = pictures.map(({ width, height }) => {
    const factor = size / Math.max(width, height);
    return { width: width * factor, height: height * factor };
  });
  const cellWidth = Math.max(longest, ...sizes.map((picture) => picture.width)) + 8;
  const cellHeight = Math.max(...sizes.map((picture) => picture.height)) + (labelled ? 24 : 8);
  const parts = pictures.map((source, i) => {
    const { width, height } = sizes[i]!;
    const center = ((i % columns) + 0.5) * cellWidth;
    const top = Math.floor(i / columns) * cellHeight;
    const [low, high] = range === "each" ? rangeOf([source], signed) : shared;
    const pixels = Array.from(source.data, (value) => maps[map](share(value, low, high)));
    const at = { x: center - width / 2, y: top, width, height };
    const caption =
      source.label === undefined
        ? ""
        : textAt(center, top + height + 10, source.label, { size: fontSizes.tick, anchor: "middle" });
    const border = `<rect x="${px(at.x)}" y="${px(at.y)}" width="${px(width)}" height="${px(height)}" fill="none" stroke="${colors.border}" stroke-width="0.6"/>`;
    return picture(pixels, source, at) + border + caption;
  });
  const rows = Math.ceil(pictures.length / columns);
  const width = Math.min(columns, pictures.length) * cellWidth;
  const bottom = rows * cellHeight;
  if (range === "each") return finish(parts.join(""), { ...options, width, height: bottom });
  const bar = colorBar(maps[map], shared, bottom + 6);
  return finish(parts.join("") + bar.svg, {
    ...options,
    width: Math.max(width, bar.width),
    height: bottom + 26,
  });
}

const share = (value: number, low: number, high: number): number =>
  Number.isFinite(value) ? Math.min(1, Math.max(0, (value - low) / (high - low || 1))) : 0.5;

function rangeOf(pictures: readonly Picture[], signed: boolean): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const { data } of pictures) {
    for (let i = 0; i < data.length; i++) {
      const value = data[i]!;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return signed ? [-1, 1] : [0, 1];
  if (!signed) return low < high ? [low, high] : [low, low + 1];
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
  return [-most, most];
}

function colorBar(
  map: (share: number) => Rgb,
  [low, high]: readonly [number, number],
  y: number,
): { svg: string; width: number } {
  const steps = 64;
  const pixels = Array.from({ length: steps }, (_, i) => map(i / (steps - 1)));
  const left = textWidth(formatNumber(low), fontSizes.tick) + 6;
  const width = 120;
  const svg =
    textAt(0, y + 7, formatNumber(low), { size: fontSizes.tick }) +
    picture(pixels, { width: steps, height: 1 }, { x: left, y, width, height: 14 }, true) +
    `<rect x="${px(left)}" y="${px(y)}" width="${width}" height="14" fill="none" stroke="${colors.border}" stroke-width="0.6"/>` +
    textAt(left + width + 6, y + 7, formatNumber(high), { size: fontSizes.tick });
  return { svg, width: left + width + 6 + textWidth(formatNumber(high), fontSizes.tick) };
}

/** Options of `weightImages`. */
export interface WeightImagesOptions extends ImageGridOptions {
  /** The pictures that the layer sees: its inputs are height · width numbers. */
  readonly height: number;
  readonly width: number;
  /** The most units shown; default 64. */
  readonly units?: number;
}

/**
 * What each unit of a first layer looks for: the rows of its weight [out, height · width] as signed pictures.
 *
 * @throws ShapeError where the weight has other sizes.
 */
export async function weightImages(weight: Tensor, options: WeightImagesOptions): Promise<string> {
  const { height, width, units = 64 } = options;
  const [out, inputs] = weight.shape;
  if (weight.rank !== 2 || inputs !== height * width) {
    throw new ShapeError(
      `weightImages: a weight of [${weight.shape.join(", ")}] is not [out, ${height} · ${width} = ${height * width}]`,
    );
  }
  const data = await weight.data();
  const pictures = Array.from({ length: Math.min(out!, units) }, (_, i) => ({
    data: data.subarray(i * inputs, (i + 1) * inputs),
    height,
    width,
  }));
  return imageGrid(pictures, { colors: "signed", ...options });
}
