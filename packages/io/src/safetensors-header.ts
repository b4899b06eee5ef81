import { FormatError } from "@chainrule/core";
import { duplicateKey } from "./duplicate-key.ts";
import { type FileDtype, fileDtypes } from "./safetensors-dtype.ts";

/** The largest header that is read, as in the reference implementation: 100 MB. */
export const maxHeaderBytes = 100_000_000;

/** One tensor's entry; offsets count from the end of the header. */
export interface Entry {
  readonly name: string;
  readonly file: FileDtype;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** The checked header of a safetensors file. */
export interface Header {
  /** In the order of their bytes. */
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the tensors' bytes begin in the file. */
  readonly dataStart: number;
}

/**
 * Reads and checks the header: its length, its JSON, that no key comes twice, and that the tensors' byte ranges
 * fit their shapes and cover the rest of the file without a hole or an overlap.
 *
 * @throws FormatError that names the file, what was expected and what was seen.
 */
export function readHeader(bytes: Uint8Array, name: string): Header {
  const fail = (problem: string, cause?: unknown): never => {
    throw new FormatError(`${name}: ${problem}`, { cause });
  };
  if (bytes.length < 8)
    fail(`not a safetensors file: ${bytes.length} bytes, and the header's length alone takes 8`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > maxHeaderBytes) {
    fail(
      `not a safetensors file: the header says it is ${length} bytes long, and at most ${maxHeaderBytes} are read`,
    );
  }
  if (length > bytes.length - 8) {
    fail(
      `cut off, or not a safetensors file: the header says it is ${length} bytes long, ${bytes.length - 8} follow`,
    );
  }
  const header = parseJson(bytes.subarray(8, 8 + length), fail);
  const { __metadata__: metadata = {}, ...tensors } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    fail("__metadata__ must be an object of strings");
  }
  const entries = Object.entries(tensors).map(([tensor, value]) => readEntry(tensor, value, fail));
  entries.sort((a, b) => a.start - b.start || a.end - b.end);
  checkCover(entries, bytes.length - 8 - length, fail);
  return { entries, metadata: metadata as Record<string, string>, dataStart: 8 + length };
}

type Fail = (problem: string, cause?: unknown) => never;

function parseJson(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  if (bytes[0] !== 0x7b) fail(`the header must begin with {, byte 8 is ${bytes[0] ?? "missing"}`);
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    return fail(`the header is not JSON in UTF-8: ${(cause as Error).message}`, cause);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) fail(`the header has the key ${JSON.stringify(twice)} twice`);
  // JSON that begins with { is an object.
  return header as Record<string, unknown>;
}

function readEntry(name: string, value: unknown, fail: Fail): Entry {
  const label = `tensor ${JSON.stringify(name)}`;
  if (!isRecord(value)) return fail(`${label} is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  const file = typeof dtype === "string" && Object.hasOwn(fileDtypes, dtype) ? fileDtypes[dtype] : undefined;
  if (!file) {
    return fail(
      `${label} has dtype ${JSON.stringify(dtype)}; readable are ${Object.keys(fileDtypes).join(", ")}`,
    );
  }
  if (!isCounts(shape)) return fail(`${label} has shape ${JSON.stringify(shape)}; expected a list of sizes`);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    return fail(`${label} has data_offsets ${JSON.stringify(offsets)}; expected [begin, end]`);
  }
  const [start, end] = offsets as [number, number];
  const expected = shape.reduce((product, extent) => product * extent, file.bytes);
  if (expected !== end - start) {
    fail(
      `${label} is ${String(dtype)} [${shape.join(", ")}], which is ${expected} bytes, ` +
        `and its data_offsets [${start}, ${end}] span ${end - start}`,
    );
  }
  return { name, file, shape, start, end };
}

function checkCover(entries: readonly Entry[], dataBytes: number, fail: Fail): void {
  let end = 0;
  for (const entry of entries) {
    if (entry.start !== end) {
      const verdict = entry.start < end ? "overlaps the tensor before it" : "leaves a hole before it";
      fail(
        `tensor ${JSON.stringify(entry.name)} ${verdict}: it begins at byte ${entry.start}, expected ${end}`,
      );
    }
    end = entry.end;
  }
  if (end !== dataBytes) {
    const verdict = end > dataBytes ? "the file is cut off" : "there are bytes after the last tensor";
    fail(`${verdict}: the tensors take ${end} bytes, ${dataBytes} follow the header`);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
