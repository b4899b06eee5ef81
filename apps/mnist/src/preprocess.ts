import { FormatError } from "@chainrule/core";
import type { Picture } from "./picture.ts";
import { resample } from "./resample.ts";

/** MNIST's images are 28×28, with the digit scaled to fit 20×20. */
export const side = 28;
const digitSide = 20;
/** Where the centre of mass of an MNIST image lies, in pixels from the first pixel's middle. */
const centre = 14;

/** Below this share of the strongest ink a pixel counts as paper. */
const faint = 0.1;
/** The least difference between ink and paper, where brightness goes from 0 to 1. */
const leastContrast = 0.1;

/**
 * A picture of one digit as MNIST has it: ink 1 on paper 0, scaled to fit 20×20 with its proportions and smooth edges,
 * and put into 28×28 so that its centre of mass is in the middle. Light digits on dark and dark ones on light are told
 * apart by the picture's border, which is taken for paper.
 *
 * @returns 784 values, row by row.
 * @throws FormatError where nothing stands out from the paper.
 * @see LeCun, Cortes, Burges, "The MNIST database of handwritten digits"
 */
export function prepareDigit(picture: Picture, name: string): Float32Array {
  const ink = inkOf(picture);
  if (!ink) throw new FormatError(`${name}: no digit to be seen: the picture is all of one brightness`);
  const box = boundsOf(ink, picture);
  const cropped = crop(ink, picture.width, box);
  const scale = digitSide / Math.max(box.width, box.height);
  const width = Math.max(1, Math.round(box.width * scale));
  const height = Math.max(1, Math.round(box.height * scale));
  const digit = resample(cropped, [box.width, box.height], [width, height]);
  // Strokes thinner than a pixel come out pale, and MNIST's are not.
  const strongest = digit.reduce((max, value) => Math.max(max, value), 0);
  return placeByMass(
    digit.map((value) => value / strongest),
    width,
    height,
  );
}

/** How far each pixel is from paper towards ink, 0 to 1; null where all is paper. */
function inkOf(picture: Picture): Float32Array | null {
  return inkOn(picture, 1) ?? inkOn(picture, 0);
}

/** Ink after laying the picture on a sheet, which shows where the picture is transparent. */
function inkOn({ width, height, brightness, opacity }: Picture, sheet: number): Float32Array | null {
  const seen = brightness.map((value, i) => value * opacity[i]! + sheet * (1 - opacity[i]!));
  const border = seen.filter((_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  });
  const paper = border.toSorted()[border.length >> 1]!;
  let lightest = paper;
  let darkest = paper;
  for (const value of seen) {
    lightest = Math.max(lightest, value);
    darkest = Math.min(darkest, value);
  }
  const contrast = Math.max(lightest - paper, paper - darkest);
  if (contrast < leastContrast) return null;
  const towardsInk = lightest - paper >= paper - darkest ? 1 / contrast : -1 / contrast;
  return seen.map((value) => {
    const ink = (value - paper) * towardsInk;
    return ink < faint ? 0 : ink;
  });
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function boundsOf(ink: Float32Array, { width }: Picture): Box {
  let [left, right, top, bottom] = [Infinity, -1, Infinity, -1];
  ink.forEach((value, i) => {
    if (value === 0) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  });
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

function crop(ink: Float32Array, stride: number, { left, top, width, height }: Box): Float32Array {
  const cropped = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = (top + y) * stride + left;
    cropped.set(ink.subarray(start, start + width), y * width);
  }
  return cropped;
}

function placeByMass(digit: Float32Array, width: number, height: number): Float32Array {
  let [mass, massX, massY] = [0, 0, 0];
  digit.forEach((value, i) => {
    mass += value;
    massX += value * (i % width);
    massY += value * Math.floor(i / width);
  });
  const offset = (moment: number, size: number): number =>
    Math.min(side - size, Math.max(0, Math.round(centre - moment / mass)));
  const [left, top] = [offset(massX, width), offset(massY, height)];
  const image = new Float32Array(side * side);
  for (let y = 0; y < height; y++) {
    image.set(digit.subarray(y * width, (y + 1) * width), (top + y) * side + left);
  }
  return image;
}
