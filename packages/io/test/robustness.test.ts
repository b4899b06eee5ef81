import { FormatError } from "@chainrule/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { duplicateKey } from "../src/duplicate-key.ts";
import { parseSafetensors, serializeSafetensors } from "../src/safetensors.ts";
import { fileOf } from "./helpers.ts";

const small = serializeSafetensors(
  [
    ["a", { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
    ["b", { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) }],
  ],
  { step: "7" },
);

/** Reads bytes that may be damaged: anything but a FormatError would be a crash. */
function survives(bytes: Uint8Array): boolean {
  try {
    parseSafetensors(bytes);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return false;
  }
}

describe("damaged files", () => {
  it("refuses a file cut off at any byte", () => {
    for (let length = 0; length < small.length; length++)
      expect(survives(small.slice(0, length))).toBe(false);
    expect(survives(small)).toBe(true);
  });

  it("refuses a file with any number of bytes too many", () => {
    for (let extra = 1; extra < 20; extra++) {
      const longer = new Uint8Array(small.length + extra);
      longer.set(small);
      expect(survives(longer)).toBe(false);
    }
  });

  it("never crashes on a file with any one byte changed", () => {
    for (let i = 0; i < small.length; i++) {
      for (const value of [0, 0x20, 0x22, 0x2c, 0x39, 0x7b, 0x7d, 0xff, small[i]! ^ 1, small[i]! ^ 0x80]) {
        const changed = small.slice();
        changed[i] = value;
        survives(changed);
      }
    }
  });

  it("never crashes on arbitrary bytes or arbitrary JSON", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void survives(bytes)));
    fc.assert(
      fc.property(
        fc.json(),
        fc.uint8Array({ maxLength: 16 }),
        (json, data) => void survives(fileOf(json, data)),
      ),
    );
    const entries = fc.dictionary(
      fc.string(),
      fc.record({
        dtype: fc.constantFrom("F32", "U8", "BOOL", "I64", "F16", "X"),
        shape: fc.array(fc.integer({ min: -1, max: 2 ** 53 }), { maxLength: 3 }),
        data_offsets: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 3 }),
      }),
    );
    fc.assert(fc.property(entries, fc.uint8Array(), (header, data) => void survives(fileOf(header, data))));
  });

  it("round-trips arbitrary tensors", () => {
    const data = fc.float32Array({ maxLength: 12 });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), data), (record) => {
        const tensors = Object.entries(record)
          .filter(([name]) => name !== "__metadata__")
          .map(([name, data]) => [name, { dtype: "float32", shape: [data.length], data }] as const);
        const read = parseSafetensors(serializeSafetensors(tensors)).tensors;
        for (const [name, { data }] of tensors) expect(read.get(name)!.data).toEqual(data);
      }),
    );
  });
});

describe("duplicateKey", () => {
  it("agrees with a count of keys for any JSON with one key repeated", () => {
    fc.assert(
      fc.property(fc.json(), fc.string(), (json, key) => {
        const k = JSON.stringify(key);
        expect(duplicateKey(json)).toBeUndefined();
        expect(duplicateKey(`{${k}:${json},"other ${key.length}":[${json}]}`)).toBeUndefined();
        expect(duplicateKey(`[{${k} : ${json}, ${k}\n:1}]`)).toBe(key);
      }),
    );
  });

  it("does not take values, brackets in strings, or keys of other objects for keys", () => {
    expect(duplicateKey('{"a":"a","b":["a","a"],"c":{"a":"{\\"a\\":1"}}')).toBeUndefined();
  });
});
