import { FormatError, type TypedArray } from "@chainrule/core";
import { isGzip, readGzip } from "./gzip.ts";

/** Element types of the IDX format; int8 and int16 are read into an Int32Array. */
export type IdxType = "uint8" | "int8" | "int16" | "int32" | "float32" | "float64";

/** What an IDX file holds: values in row-major order and their shape. */
export interface IdxArray {
  readonly type: IdxType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

interface Element {
  readonly type: IdxType;
  readonly bytes: number;
  readonly read: (body: Uint8Array, count: number) => TypedArray;
}

function decode<T extends TypedArray>(out: T, bytes: number, at: (view: DataView, byte: number) => number) {
  return (body: Uint8Array): T => {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    for (let i = 0; i < out.length; i++) out[i] = at(view, i * bytes);
    return out;
  };
}

const elements: Readonly<Record<number, Element>> = {
  0x08: { type: "uint8", bytes: 1, read: (b) => new Uint8Array(b.buffer, b.byteOffset, b.length) },
  0x09: {
    type: "int8",
    bytes: 1,
    read: (body, n) => decode(new Int32Array(n), 1, (v, i) => v.getInt8(i))(body),
  },
  0x0b: {
    type: "int16",
    bytes: 2,
    read: (body, n) => decode(new Int32Array(n), 2, (v, i) => v.getInt16(i))(body),
  },
  0x0c: {
    type: "int32",
    bytes: 4,
    read: (body, n) => decode(new Int32Array(n), 4, (v, i) => v.getInt32(i))(body),
  },
  0x0d: {
    type: "float32",
    bytes: 4,
    read: (body, n) => decode(new Float32Array(n), 4, (v, i) => v.getFloat32(i))(body),
  },
  0x0e: {
    type: "float64",
    bytes: 8,
    read: (body, n) => decode(new Float64Array(n), 8, (v, i) => v.getFloat64(i))(body),
  },
};

interface Header {
  readonly element: Element;
  readonly shape: readonly number[];
  readonly headerBytes: number;
  /** Bytes that the whole file must have. */
  readonly fileBytes: number;
}

/**
 * Reads an IDX file, raw or gzip (told apart by the first two bytes).
 *
 * The format is two zero bytes, the element type, the number of axes, the axes as big-endian 32-bit counts,
 * then the values in big-endian order. Unpacking stops as soon as more comes out than the header announces.
 *
 * @param name what errors call the file.
 * @throws FormatError for a truncated, oversized or contradictory file; it names what was expected and seen.
 * @see LeCun, Cortes, Burges, "The MNIST database of handwritten digits", file formats
 */
export async function readIdx(bytes: Uint8Array, name: string): Promise<IdxArray> {
  if (!isGzip(bytes)) return parseIdx(bytes, name);
  let limit: number | undefined;
  const unpacked = await readGzip(bytes, name, (head) => (limit ??= parseHeader(head, name)?.fileBytes));
  return parseIdx(unpacked, name);
}

/** Reads an unpacked IDX file; bytes are not copied where the elements are uint8. See {@link readIdx}. */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const header = parseHeader(bytes, name);
  if (!header) throw new FormatError(`${name}: the IDX header is cut off after ${bytes.length} bytes`);
  const { element, shape, headerBytes, fileBytes } = header;
  if (bytes.length !== fileBytes) {
    const verdict = bytes.length < fileBytes ? "truncated" : "longer than its header says";
    throw new FormatError(
      `${name}: the file is ${verdict}: the header says ${element.type} [${shape.join(", ")}], ` +
        `which is ${fileBytes} bytes with the header, and there are ${bytes.length}`,
    );
  }
  const count = (fileBytes - headerBytes) / element.bytes;
  return { type: element.type, shape, data: element.read(bytes.subarray(headerBytes), count) };
}

/** The checked header, or undefined while `bytes` ends before the header does. */
function parseHeader(bytes: Uint8Array, name: string): Header | undefined {
  if (bytes.length < 4) return undefined;
  const [zero0, zero1, code, rank] = bytes as unknown as [number, number, number, number];
  const element = elements[code];
  if (zero0 !== 0 || zero1 !== 0 || !element) {
    const seen = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new FormatError(
      `${name}: not an IDX file: expected it to begin with 00 00, an element type (08, 09, 0b, 0c, 0d or 0e) ` +
        `and the number of axes, found ${seen}`,
    );
  }
  if (rank === 0) throw new FormatError(`${name}: the IDX header says 0 axes; expected at least 1`);
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const empty = shape.indexOf(0);
  if (empty >= 0) {
    throw new FormatError(`${name}: the IDX header says [${shape.join(", ")}]: axis ${empty} is empty`);
  }
  const fileBytes = shape.reduce((product, extent) => product * extent, element.bytes) + headerBytes;
  if (!Number.isSafeInteger(fileBytes)) {
    throw new FormatError(`${name}: the IDX header says [${shape.join(", ")}], more than any file can hold`);
  }
  return { element, shape, headerBytes, fileBytes };
}
