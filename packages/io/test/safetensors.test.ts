import { FormatError } from "@chainrule/core";
import { describe, expect, it } from "vitest";
import { parseSafetensors, serializeSafetensors } from "../src/safetensors.ts";
import type { TensorData } from "../src/tensor-data.ts";
import { entry, fileOf } from "./helpers.ts";

const sample: [string, TensorData][] = [
  ["weight", { dtype: "float32", shape: [2, 3], data: Float32Array.of(0, -0, 1.5, NaN, Infinity, -1e-40) }],
  ["scale", { dtype: "float64", shape: [], data: Float64Array.of(Math.PI) }],
  ["index", { dtype: "int32", shape: [3], data: Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1) }],
  ["pixels", { dtype: "uint8", shape: [5], data: Uint8Array.of(0, 1, 127, 128, 255) }],
  ["mask", { dtype: "bool", shape: [2, 1], data: Uint8Array.of(1, 0) }],
  ["empty", { dtype: "float32", shape: [0, 4], data: new Float32Array(0) }],
];

describe("round trip", () => {
  it("gives every dtype back bit for bit, with shapes and metadata", () => {
    const metadata = { format: "pt", note: 'quotes " and ü' };
    const read = parseSafetensors(serializeSafetensors(sample, metadata));
    expect(read.metadata).toEqual(metadata);
    expect(read.tensors.size).toBe(sample.length);
    for (const [name, { dtype, shape, data }] of sample) {
      const tensor = read.tensors.get(name)!;
      expect(tensor.dtype).toBe(dtype);
      expect(tensor.shape).toEqual(shape);
      expect(Buffer.from(tensor.data.buffer)).toEqual(
        Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      );
    }
  });

  it("is deterministic, aligned to 8 bytes, and independent of the tensors' order", () => {
    const bytes = serializeSafetensors(sample);
    expect(serializeSafetensors(sample.toReversed())).toEqual(bytes);
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
  });

  it("keeps names that objects treat specially, and files without tensors", () => {
    const odd: TensorData = { dtype: "uint8", shape: [1], data: Uint8Array.of(7) };
    const names = ["__proto__", "0", "constructor", "a.b/c", ""];
    const read = parseSafetensors(serializeSafetensors(names.map((name) => [name, odd])));
    expect([...read.tensors.keys()].toSorted()).toEqual(names.toSorted());
    expect(parseSafetensors(serializeSafetensors([])).tensors.size).toBe(0);
  });

  it("refuses tensors that contradict themselves", () => {
    const one = Float32Array.of(1);
    expect(() => serializeSafetensors([["w", { dtype: "float32", shape: [2], data: one }]])).toThrow(
      /"w".*\[2\]/,
    );
    expect(() => serializeSafetensors([["w", { dtype: "float64", shape: [1], data: one }]])).toThrow(
      /float64/,
    );
    expect(() =>
      serializeSafetensors([["__metadata__", { dtype: "float32", shape: [1], data: one }]]),
    ).toThrow(/reserved/);
    const twice: [string, TensorData] = ["w", { dtype: "float32", shape: [1], data: one }];
    expect(() => serializeSafetensors([twice, twice])).toThrow(/same name/);
  });
});

describe("dtypes that only files have", () => {
  it("widens F16 and BF16 to float32", () => {
    const halves = [0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0xfc00, 0x8000];
    const half = fileOf(
      { a: entry("F16", [7], 0, 14) },
      halves.flatMap((h) => [h & 255, h >> 8]),
    );
    const values = [1, -2, 2 ** -24, 65504, Infinity, -Infinity, -0];
    expect([...parseSafetensors(half).tensors.get("a")!.data]).toEqual(values);
    const brain = fileOf({ a: entry("BF16", [3], 0, 6) }, [0x80, 0x3f, 0x49, 0x40, 0xc0, 0x7f]);
    expect([...parseSafetensors(brain).tensors.get("a")!.data]).toEqual([1, 3.140625, NaN]);
    const nan = fileOf({ a: entry("F16", [1], 0, 2) }, [0x01, 0x7e]);
    expect(parseSafetensors(nan).tensors.get("a")!.data[0]).toBeNaN();
  });

  it("narrows I64 to int32 where it fits and says which element does not", () => {
    const longs = new BigInt64Array([-1n, 2n ** 31n - 1n]);
    const header = { a: entry("I64", [2], 0, 16) };
    const read = parseSafetensors(fileOf(header, new Uint8Array(longs.buffer)));
    expect([...read.tensors.get("a")!.data]).toEqual([-1, 2 ** 31 - 1]);
    longs[1] = 2n ** 31n;
    expect(() => parseSafetensors(fileOf(header, new Uint8Array(longs.buffer)), "w")).toThrow(
      /w: tensor "a": element 1 is 2147483648/,
    );
  });
});

describe("files that break the format", () => {
  const zeros = (length: number): Uint8Array => new Uint8Array(length);
  const f32 = entry("F32", [1], 0, 4);
  const cases: [string, Uint8Array, RegExp][] = [
    ["nothing", new Uint8Array(0), /0 bytes/],
    ["a header over 100 MB", fileOf({}).fill(255, 0, 4), /at most 100000000/],
    ["a header longer than the file", fileOf({}).fill(9, 0, 1), /9 bytes long, 2 follow/],
    ["an empty header", fileOf(""), /must begin with \{/],
    ["a header that is an array", fileOf("[]"), /must begin with \{/],
    ["a header that is not JSON", fileOf("{nope}"), /not JSON/],
    ["a header that is not UTF-8", fileOf("{}  ").fill(0xff, 10), /not JSON/],
    ["a key twice", fileOf('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{}}'), /key "a" twice/],
    ["a key twice, spelt differently", fileOf(String.raw`{"a":{},"\u0061":{}}`), /key "a" twice/],
    ["a key twice within a tensor", fileOf('{"a":{"dtype":"F32","dtype":"F64"}}'), /key "dtype" twice/],
    ["metadata that is no map", fileOf({ __metadata__: ["x"] }), /__metadata__/],
    ["metadata of numbers", fileOf({ __metadata__: { epoch: 1 } }), /__metadata__/],
    ["a tensor that is no object", fileOf({ a: 1 }), /"a" is not an object/],
    ["an unknown dtype", fileOf({ a: entry("F8_E4M3", [1], 0, 1) }, [0]), /F8_E4M3.*readable are/],
    [
      "a dtype named as an object's property",
      fileOf({ a: entry("constructor", [1], 0, 1) }, [0]),
      /readable are/,
    ],
    ["a negative size", fileOf({ a: entry("F32", [-1], 0, 4) }, [0, 0, 0, 0]), /shape \[-1\]/],
    ["a fractional size", fileOf({ a: entry("F32", [0.5], 0, 2) }, [0, 0]), /shape \[0\.5\]/],
    ["a shape that is no list", fileOf({ a: entry("F32", "1", 0, 4) }, [0, 0, 0, 0]), /shape "1"/],
    ["a shape that overflows", fileOf({ a: entry("F32", [2 ** 30, 2 ** 30], 0, 4) }, [0, 0, 0, 0]), /span 4/],
    ["offsets that run backwards", fileOf({ a: entry("F32", [1], 4, 0) }, [0, 0, 0, 0]), /data_offsets/],
    [
      "offsets that do not fit the shape",
      fileOf({ a: entry("F32", [2], 0, 4) }, [0, 0, 0, 0]),
      /8 bytes.*span 4/,
    ],
    ["a hole", fileOf({ a: entry("F32", [1], 4, 8) }, zeros(8)), /hole/],
    ["an overlap", fileOf({ a: f32, b: entry("U8", [4], 2, 6) }, zeros(6)), /overlaps/],
    ["the same bytes twice", fileOf({ a: f32, b: f32 }, [0, 0, 0, 0]), /overlaps/],
    ["bytes after the last tensor", fileOf({ a: f32 }, zeros(5)), /after the last tensor/],
    ["fewer bytes than announced", fileOf({ a: f32 }, [0, 0, 0]), /cut off/],
    ["a BOOL that is 2", fileOf({ a: entry("BOOL", [2], 0, 2) }, [1, 2]), /element 1 is 2/],
  ];

  it.each(cases)("%s", (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, "model.safetensors")).toThrow(FormatError);
    expect(() => parseSafetensors(bytes, "model.safetensors")).toThrow(message);
    expect(() => parseSafetensors(bytes, "model.safetensors")).toThrow(/^model\.safetensors: /);
  });

  it("accepts what the reference accepts: keys in any order, spaces after the JSON, further keys", () => {
    const header = `{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},
      "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"note":"a: b"}}   `;
    expect([...parseSafetensors(fileOf(header, [1, 2])).tensors.keys()]).toEqual(["a", "b"]);
  });
});
