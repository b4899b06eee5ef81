import { bytesPerElement, DtypeError, OptionError, ShapeError, type TypedArray } from "@chainrule/core";
import { writtenAs } from "./safetensors-dtype.ts";
import { readHeader } from "./safetensors-header.ts";
import type { SafetensorsContent, TensorData } from "./tensor-data.ts";

/**
 * Reads the bytes of a safetensors file; the arrays are copies, free of the file's bytes.
 *
 * @param name what errors call the file.
 * @throws FormatError for anything the format forbids: a header that is too long, no JSON or has a key twice,
 *   byte ranges that leave holes, overlap, or do not fit their shape, and values that their dtype cannot have.
 * @see https://huggingface.co/docs/safetensors, "Format"
 */
export function parseSafetensors(bytes: Uint8Array, name = "safetensors"): SafetensorsContent {
  const { entries, metadata, dataStart } = readHeader(bytes, name);
  const tensors = new Map<string, TensorData>();
  for (const { name: tensor, file, shape, start, end } of entries) {
    // The slice is aligned whatever the header's length was.
    const body = bytes.slice(dataStart + start, dataStart + end);
    const data = file.read(body, `${name}: tensor ${JSON.stringify(tensor)}`);
    tensors.set(tensor, { dtype: file.dtype, shape, data });
  }
  return { tensors, metadata };
}

/**
 * The bytes of a safetensors file: tensors by falling element size, then by name, so that each is aligned.
 *
 * @throws ShapeError where an array's length is not its shape's product.
 * @throws DtypeError where an array is not of its dtype.
 * @throws OptionError for the reserved name `__metadata__`.
 */
export function serializeSafetensors(
  tensors: Iterable<readonly [string, TensorData]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = [...tensors].sort(
    ([a, x], [b, y]) => bytesPerElement(y.dtype) - bytesPerElement(x.dtype) || (a < b ? -1 : a > b ? 1 : 0),
  );
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push(["__metadata__", metadata]);
  let end = 0;
  for (const [name, tensor] of sorted) {
    check(name, tensor);
    const start = end;
    end += tensor.data.byteLength;
    header.push([name, { dtype: writtenAs[tensor.dtype], shape: tensor.shape, data_offsets: [start, end] }]);
  }
  const names = new Set(header.map(([name]) => name));
  if (names.size < header.length)
    throw new OptionError("serializeSafetensors: two tensors have the same name");
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength);
  bytes.set(json, 8);
  let offset = 8 + headerLength;
  for (const [, { data }] of sorted) {
    bytes.set(rawBytes(data), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/** The array's own memory, little-endian on every platform that runs JavaScript engines today. */
export function rawBytes(data: TypedArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function check(name: string, { dtype, shape, data }: TensorData): void {
  const label = `serializeSafetensors: tensor ${JSON.stringify(name)}`;
  if (name === "__metadata__") throw new OptionError(`${label}: this name is reserved by the format`);
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (data.length !== size) {
    throw new ShapeError(`${label} has ${data.length} values; shape [${shape.join(", ")}] needs ${size}`);
  }
  if (data.BYTES_PER_ELEMENT !== bytesPerElement(dtype)) {
    throw new DtypeError(`${label} says ${dtype} and has a ${data.constructor.name}`);
  }
}
