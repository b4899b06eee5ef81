import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FormatError } from "@chainrule/core";
import { rawBytes } from "@chainrule/io";
import { loadSafetensors, saveSafetensors } from "@chainrule/io/node";
import type { Module } from "@chainrule/nn";
import { createModel } from "./network.ts";
import { type ModelName, models } from "./settings.ts";
import { makeFolders } from "./writable.ts";

/** Where weights go unless told otherwise, below the working folder. */
export const defaultFolder: string = join(".chainrule", "mnist");

/** The name of the weights in their folder. */
export const weightsFile = "weights.safetensors";

/** Makes the default folder, and keeps it out of the user's git without touching files of theirs. */
export async function createDefaultFolder(): Promise<void> {
  await makeFolders(defaultFolder);
  await writeFile(join(dirname(defaultFolder), ".gitignore"), "*\n");
}

/** Saves the network with what is needed to build it again. */
export async function saveModel(path: string, model: Module, name: ModelName, inputs: number): Promise<void> {
  await saveSafetensors(path, model.stateDict(), { format: "pt", model: name, inputs: String(inputs) });
}

/** @throws FormatError where the file cannot be read or holds no network of this program. */
export async function loadModel(path: string): Promise<{ model: Module; inputs: number }> {
  const { tensors, metadata } = await loadSafetensors(path);
  const name = models.find((known) => known === metadata.model);
  const inputs = Number(metadata.inputs);
  if (!name || !Number.isSafeInteger(inputs) || inputs < 1) {
    throw new FormatError(
      `${path}: holds no network that this program saved (model ${metadata.model ?? "unnamed"})`,
    );
  }
  const model = createModel(name, inputs);
  model.loadStateDict(tensors);
  return { model, inputs };
}

/** SHA-256 over the parameters' little-endian bytes, in the order of their names. */
export async function hashWeights(model: Module): Promise<string> {
  const hash = createHash("sha256");
  const named = model.namedParameters().toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [, parameter] of named) hash.update(rawBytes(await parameter.data()));
  return hash.digest("hex");
}
