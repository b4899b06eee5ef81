import { readFile } from "node:fs/promises";
import { FormatError, Tensor, tensor } from "@chainrule/core";
import { parseSafetensors, serializeSafetensors } from "../safetensors.ts";
import type { TensorData } from "../tensor-data.ts";
import { writeFileAtomic } from "./write-atomic.ts";

/** Named tensors, on a backend or on the host: a record such as `model.stateDict()`, or pairs. */
export type NamedTensors =
  | Readonly<Record<string, Tensor | TensorData>>
  | Iterable<readonly [string, Tensor | TensorData]>;

/** Tensors read from a file, and its metadata. */
export interface LoadedTensors {
  /** In the order of their bytes in the file. */
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes tensors to a safetensors file, whole or not at all: a temporary file in the same folder is renamed.
 *
 * @throws the file system's error where the folder is missing or not writable, or the disk is full.
 */
export async function saveSafetensors(
  path: string,
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const pairs = Symbol.iterator in tensors ? [...tensors] : Object.entries(tensors);
  const read = await Promise.all(pairs.map(async ([name, value]) => [name, await toHost(value)] as const));
  await writeFileAtomic(path, serializeSafetensors(read, metadata));
}

/**
 * Reads a safetensors file into tensors.
 *
 * @throws FormatError where the file is missing or unreadable, or breaks the format; it names the file.
 */
export async function loadSafetensors(path: string): Promise<LoadedTensors> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new FormatError(`${path}: cannot be read (${cause.code ?? cause.message})`, { cause });
  });
  const content = parseSafetensors(bytes, path);
  const tensors: Record<string, Tensor> = {};
  for (const [name, { data, shape, dtype }] of content.tensors) {
    // A key such as __proto__ must become a property like any other.
    const value = tensor(data, { shape, dtype });
    Object.defineProperty(tensors, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return { tensors, metadata: content.metadata };
}

async function toHost(value: Tensor | TensorData): Promise<TensorData> {
  if (!(value instanceof Tensor)) return value;
  return { dtype: value.dtype, shape: value.shape, data: await value.data() };
}
