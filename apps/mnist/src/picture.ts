import { FormatError } from "@chainrule/core";
import { decode, type DecodedPng, hasPngSignature } from "fast-png";

/** A picture as brightness and opacity, each 0 to 1, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly brightness: Float32Array;
  /** 1 is opaque. */
  readonly opacity: Float32Array;
}

/** No photograph of a digit is larger; unpacking one that says so could take all memory. */
const maxPixels = 50_000_000;

/**
 * Decodes a PNG of any kind: grey, RGB or palette, 1 to 16 bits, with or without transparency, interlaced or not.
 *
 * @throws FormatError where the bytes are no PNG or a damaged one.
 */
export function readPng(bytes: Uint8Array, name: string): Picture {
  if (!hasPngSignature(bytes)) {
    throw new FormatError(`${name}: not a PNG file; it begins with ${firstBytes(bytes)}`);
  }
  checkSize(bytes, name);
  let png: DecodedPng;
  try {
    png = decode(bytes, { checkCrc: true });
  } catch (cause) {
    throw new FormatError(`${name}: a damaged PNG file: ${(cause as Error).message}`, { cause });
  }
  const { width, height, channels } = png;
  const samples = unpack(png);
  if (samples.length !== width * height * channels) {
    throw new FormatError(
      `${name}: a damaged PNG file: ${samples.length} samples for ${width}×${height} pixels`,
    );
  }
  return png.palette ? fromPalette(png, samples, name) : fromSamples(png, samples);
}

function firstBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return "nothing, it is empty";
  return Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** Width and height are at fixed places, in the header that every PNG begins with. */
function checkSize(bytes: Uint8Array, name: string): void {
  if (bytes.length < 33)
    throw new FormatError(`${name}: a damaged PNG file: cut off after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (width === 0 || height === 0 || width * height > maxPixels) {
    throw new FormatError(`${name}: ${width}×${height} pixels; from 1 to ${maxPixels} can be read`);
  }
}

/** Samples of less than a byte are packed into bytes, each row beginning with a new one. */
function unpack({ data, depth, width, height, channels }: DecodedPng): ArrayLike<number> {
  if (depth >= 8) return data;
  const perRow = width * channels;
  const bytesPerRow = Math.ceil((perRow * depth) / 8);
  if (data.length !== bytesPerRow * height) return [];
  return Uint8Array.from({ length: perRow * height }, (_, i) => {
    const bit = (i % perRow) * depth;
    const byte = data[Math.floor(i / perRow) * bytesPerRow + (bit >> 3)]!;
    return (byte >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
  });
}

function fromPalette(
  { width, height, palette = [] }: DecodedPng,
  samples: ArrayLike<number>,
  name: string,
): Picture {
  const brightness = new Float32Array(samples.length);
  const opacity = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const colour = palette[samples[i]!];
    if (!colour)
      throw new FormatError(`${name}: a damaged PNG file: pixel ${i} has a colour that the palette lacks`);
    const [red, green, blue, alpha = 255] = colour as readonly number[];
    brightness[i] = luma(red!, green!, blue!) / 255;
    opacity[i] = alpha / 255;
  }
  return { width, height, brightness, opacity };
}

function fromSamples(png: DecodedPng, samples: ArrayLike<number>): Picture {
  const { width, height, channels, depth, transparency } = png;
  const highest = 2 ** depth - 1;
  const coloured = channels >= 3;
  const hasAlpha = channels % 2 === 0;
  const brightness = new Float32Array(width * height);
  const opacity = new Float32Array(width * height).fill(1);
  for (let i = 0; i < brightness.length; i++) {
    const at = i * channels;
    brightness[i] =
      (coloured ? luma(samples[at]!, samples[at + 1]!, samples[at + 2]!) : samples[at]!) / highest;
    if (hasAlpha) opacity[i] = samples[at + channels - 1]! / highest;
    // Without an alpha channel one colour may be declared transparent.
    else if (
      transparency?.length === channels &&
      transparency.every((value, c) => value === samples[at + c])
    ) {
      opacity[i] = 0;
    }
  }
  return { width, height, brightness, opacity };
}

/** Perceived brightness of a colour (Rec. 601). */
const luma = (red: number, green: number, blue: number): number => 0.299 * red + 0.587 * green + 0.114 * blue;
