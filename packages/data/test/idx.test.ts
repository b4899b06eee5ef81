import { FormatError } from "@chainrule/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readIdx } from "../src/idx.ts";
import { gzip, idxBytes } from "./helpers.ts";

describe("readIdx", () => {
  it.each([
    [0x08, "uint8", Uint8Array, [0, 255], [0, 255]],
    [0x09, "int8", Int32Array, [0x80, 0x7f], [-128, 127]],
    [0x0b, "int16", Int32Array, [0x80, 0x00, 0x01, 0x02], [-32768, 258]],
    [0x0c, "int32", Int32Array, [0x80, 0, 0, 0, 0, 1, 2, 3], [-(2 ** 31), 66051]],
    [0x0d, "float32", Float32Array, [0x3f, 0xc0, 0, 0, 0xff, 0x80, 0, 0], [1.5, -Infinity]],
    [0x0e, "float64", Float64Array, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], [1.5, -0]],
  ] as const)("reads element type %i (%s), raw and gzip", async (code, type, array, body, values) => {
    const bytes = idxBytes(code, [2, 1], body);
    for (const file of [bytes, gzip(bytes)]) {
      const read = await readIdx(file, "file");
      expect(read).toMatchObject({ type, shape: [2, 1] });
      expect(read.data).toBeInstanceOf(array);
      expect([...read.data]).toEqual(values);
    }
  });

  const body = [1, 2, 3, 4, 5, 6];
  it.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /cut off after 0 bytes/],
    ["another kind of file", new TextEncoder().encode("<!DOCTYPE html>"), /not an IDX file.*3c 21 44 4f/],
    ["an unknown element type", idxBytes(0x0a, [6], body), /element type/],
    ["no axes", idxBytes(8, [], body), /0 axes/],
    ["a header cut off within the axes", idxBytes(8, [6, 1], []).subarray(0, 9), /cut off after 9 bytes/],
    ["an empty axis", idxBytes(8, [0, 6], []), /axis 0 is empty/],
    ["too few values", idxBytes(8, [2, 4], body), /truncated.*\[2, 4\].*20 bytes.*18/],
    ["too many values", idxBytes(8, [5], body), /longer than its header/],
    ["sizes whose product overflows", idxBytes(8, [2 ** 31, 2 ** 31, 2 ** 31], body), /more than any file/],
    [
      "sizes whose product wraps to the right size in 32 bits",
      idxBytes(8, [2 ** 16, 2 ** 16, 6], body),
      /truncated/,
    ],
    [
      "255 axes of the largest size",
      idxBytes(
        8,
        Array.from({ length: 255 }, () => 2 ** 32 - 1),
        body,
      ),
      /more than any file/,
    ],
  ])("refuses %s, raw and gzip", async (_, bytes, message) => {
    for (const file of [bytes, gzip(bytes)]) {
      await expect(readIdx(file, "some/file")).rejects.toThrow(FormatError);
      await expect(readIdx(file, "some/file")).rejects.toThrow(message);
      await expect(readIdx(file, "some/file")).rejects.toThrow(/^some\/file: /);
    }
  });

  it("refuses gzip that is cut off, damaged, or followed by something else", async () => {
    const packed = gzip(
      idxBytes(
        8,
        [200],
        Uint8Array.from({ length: 200 }, (_, i) => (i * 71) % 256),
      ),
    );
    const damaged = packed.slice();
    damaged[packed.length - 6]! ^= 1;
    const longer = new Uint8Array([...packed, 1, 2, 3]);
    for (const file of [packed.slice(0, 2), packed.slice(0, 100), packed.slice(0, -1), damaged, longer]) {
      await expect(readIdx(file, "x.gz")).rejects.toThrow(/^x\.gz: the gzip data is damaged or cut off/);
    }
  });

  it("stops unpacking where the header's size is passed", async () => {
    const bomb = gzip(idxBytes(8, [10], new Uint8Array(64 * 2 ** 20)));
    const before = process.memoryUsage().arrayBuffers;
    await expect(readIdx(bomb, "bomb.gz")).rejects.toThrow(/longer than its header says/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 2 ** 20);
  });

  it("never fails with anything but a FormatError", async () => {
    const survives = async (bytes: Uint8Array): Promise<void> => {
      try {
        await readIdx(bytes, "fuzz");
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    };
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), survives));
    const file = idxBytes(0x0b, [2, 3], new Uint8Array(12));
    for (let length = 0; length < file.length; length++) await survives(file.slice(0, length));
  });
});
