import { describe, expect, it } from "vitest";
import { drawBars, drawImage, sideBySide, trim } from "../src/draw.ts";

describe("drawImage", () => {
  it("draws two rows of pixels a line, and an odd last row too", () => {
    const pixels = [1, 1, 0, 0, 0, 1, 0, 1, 1];
    expect(drawImage({ width: 3, height: 3, pixels })).toEqual(["▀▀▄", " ▀▀"]);
  });
});

describe("trim", () => {
  it("centres what is inked, even where it reaches over the edge", () => {
    const pixels = new Float32Array(36);
    pixels[0] = pixels[1] = 1;
    expect(drawImage(trim({ width: 6, height: 6, pixels }, 4))).toEqual(["    ", " ▀▀ "]);
    expect(drawImage(trim({ width: 6, height: 6, pixels: new Float32Array(36) }, 2))).toEqual(["  "]);
  });
});

describe("sideBySide", () => {
  it("puts as many blocks in a row as fit", () => {
    const blocks = [["aaa", "a"], ["bb"], ["c"]];
    expect(sideBySide(blocks, 9, 2)).toEqual(["aaa  bb", "a", "", "c"]);
    expect(sideBySide(blocks, 1, 2)).toEqual(["aaa", "a", "", "bb", "", "c"]);
    expect(sideBySide([], 80)).toEqual([]);
  });
});

describe("drawBars", () => {
  it("draws eighths of a character", () => {
    expect(drawBars([0, 1, 0.5, 0.0625], 2)).toEqual([
      "0      0.0 %",
      "1 ██ 100.0 %",
      "2 █   50.0 %",
      "3 ▏    6.3 %",
    ]);
  });
});
