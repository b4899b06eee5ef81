import { FormatError } from "@chainrule/core";
import { encode, type ImageData } from "fast-png";
import { describe, expect, it } from "vitest";
import { readPng } from "../src/picture.ts";

const read = (image: ImageData): { brightness: number[]; opacity: number[] } => {
  const { brightness, opacity } = readPng(encode(image), "x.png");
  const round = (values: Float32Array): number[] =>
    Array.from(values, (value) => Math.round(value * 1000) / 1000);
  return { brightness: round(brightness), opacity: round(opacity) };
};

describe("readPng", () => {
  it("reads grey, RGB, with and without alpha, at 8 and 16 bits", () => {
    const size = { width: 2, height: 1 };
    const opaque = [1, 1];
    expect(read({ ...size, channels: 1, data: Uint8Array.of(0, 51) })).toEqual({
      brightness: [0, 0.2],
      opacity: opaque,
    });
    expect(read({ ...size, channels: 2, data: Uint8Array.of(255, 0, 51, 255) })).toEqual({
      brightness: [1, 0.2],
      opacity: [0, 1],
    });
    expect(read({ ...size, channels: 3, data: Uint8Array.of(255, 0, 0, 0, 0, 255) })).toEqual({
      brightness: [0.299, 0.114],
      opacity: opaque,
    });
    expect(read({ ...size, channels: 4, data: Uint8Array.of(255, 255, 255, 51, 0, 255, 0, 255) })).toEqual({
      brightness: [1, 0.587],
      opacity: [0.2, 1],
    });
    expect(read({ ...size, channels: 1, depth: 16, data: Uint16Array.of(65535, 13107) })).toEqual({
      brightness: [1, 0.2],
      opacity: opaque,
    });
  });

  it("reads palettes of any depth", () => {
    const palette = [
      [0, 0, 0],
      [255, 255, 255],
      [51, 51, 51],
    ] as [number, number, number][];
    for (const [depth, data] of [
      [1, [0b01000000, 0b10000000]],
      [2, [0b00011000, 0b01000000]],
      [4, [0x01, 0x20, 0x10, 0x00]],
      [8, [0, 1, 2, 1, 0, 0]],
    ] as const) {
      const seen = read({ width: 3, height: 2, channels: 1, depth, palette, data: Uint8Array.from(data) });
      const third = depth === 1 ? 0 : 0.2;
      expect(seen.brightness, `${depth} bits`).toEqual([0, 1, third, 1, 0, 0]);
    }
  });

  it("refuses what is no PNG, or a damaged one, and says so", () => {
    const whole = encode({
      width: 20,
      height: 20,
      channels: 1,
      data: Uint8Array.from({ length: 400 }, (_, i) => i % 251),
    });
    const huge = whole.slice();
    new DataView(huge.buffer).setUint32(16, 2 ** 31 - 1);
    const wrong = whole.slice();
    wrong[whole.length - 20]! ^= 255;
    const cases: [Uint8Array, RegExp][] = [
      [new Uint8Array(0), /^x\.png: not a PNG file; it begins with nothing, it is empty/],
      [new TextEncoder().encode("GIF89a…"), /not a PNG file; it begins with 47 49 46 38 39 61/],
      [whole.slice(0, 20), /damaged PNG file: cut off after 20 bytes/],
      [huge, /2147483647×20 pixels/],
      [wrong, /damaged PNG file/],
    ];
    for (const [bytes, message] of cases) {
      expect(() => readPng(bytes, "x.png")).toThrow(FormatError);
      expect(() => readPng(bytes, "x.png")).toThrow(message);
    }
    for (let length = 0; length < whole.length - 12; length++) {
      expect(() => readPng(whole.slice(0, length), "x.png"), `cut at ${length}`).toThrow(FormatError);
    }
  });
});
