import { type Dtype, FormatError, type TypedArray } from "@chainrule/core";

/** How the elements of one safetensors dtype become a tensor's. */
export interface FileDtype {
  readonly bytes: number;
  readonly dtype: Dtype;
  /** `body` is aligned to 8 bytes and holds a whole number of elements; it may be kept. */
  readonly read: (body: Uint8Array, where: string) => TypedArray;
}

const words = (body: Uint8Array): DataView => new DataView(body.buffer, body.byteOffset, body.byteLength);

/** IEEE half precision: 1 sign, 5 exponent, 10 fraction bits. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function readHalf(body: Uint8Array): Float32Array {
  const view = words(body);
  return Float32Array.from({ length: body.length / 2 }, (_, i) => halfToFloat(view.getUint16(2 * i, true)));
}

/** bfloat16 is the upper half of a float32. */
function readBrain(body: Uint8Array): Float32Array {
  const view = words(body);
  const bits = Uint32Array.from({ length: body.length / 2 }, (_, i) => view.getUint16(2 * i, true) << 16);
  return new Float32Array(bits.buffer);
}

function readLong(body: Uint8Array, where: string): Int32Array {
  const view = words(body);
  return Int32Array.from({ length: body.length / 8 }, (_, i) => {
    const value = view.getBigInt64(8 * i, true);
    if (value !== BigInt.asIntN(32, value)) {
      throw new FormatError(`${where}: element ${i} is ${value}, which int32 cannot hold`);
    }
    return Number(value);
  });
}

function readBool(body: Uint8Array, where: string): Uint8Array {
  const wrong = body.findIndex((byte) => byte > 1);
  if (wrong >= 0) throw new FormatError(`${where}: element ${wrong} is ${body[wrong]}; a BOOL is 0 or 1`);
  return body;
}

/** The dtypes that can be read; F16 and BF16 widen to float32, I64 narrows to int32 where every value fits. */
export const fileDtypes: Readonly<Record<string, FileDtype>> = {
  F64: { bytes: 8, dtype: "float64", read: (b) => new Float64Array(b.buffer, b.byteOffset, b.length / 8) },
  F32: { bytes: 4, dtype: "float32", read: (b) => new Float32Array(b.buffer, b.byteOffset, b.length / 4) },
  F16: { bytes: 2, dtype: "float32", read: readHalf },
  BF16: { bytes: 2, dtype: "float32", read: readBrain },
  I64: { bytes: 8, dtype: "int32", read: readLong },
  I32: { bytes: 4, dtype: "int32", read: (b) => new Int32Array(b.buffer, b.byteOffset, b.length / 4) },
  U8: { bytes: 1, dtype: "uint8", read: (b) => b },
  BOOL: { bytes: 1, dtype: "bool", read: readBool },
};

/** The name under which each dtype is written. */
export const writtenAs: Readonly<Record<Dtype, string>> = {
  float64: "F64",
  float32: "F32",
  int32: "I32",
  uint8: "U8",
  bool: "BOOL",
};
