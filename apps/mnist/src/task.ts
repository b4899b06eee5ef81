import { dirname, join } from "node:path";
import { type Dataset, type Mnist, take } from "@chainrule/data";
import { mnistFromFolder, mnistFromPackage } from "@chainrule/data/node";
import type { Module } from "@chainrule/nn";
import { countParameters, createModel } from "./network.ts";
import type { TrainSettings } from "./settings.ts";
import { createDefaultFolder, defaultFolder, saveModel, weightsFile } from "./weights.ts";
import { ensureWritableFile, ensureWritableFolder } from "./writable.ts";

/** Room for a report, whatever the number of epochs. */
const reportBytes = 1 << 16;
/** Room in the weights' file for all but the weights. */
const headerBytes = 1 << 12;

/** Everything that a training run needs, found to be in order. */
export interface Task {
  readonly settings: TrainSettings;
  readonly mnist: Mnist;
  /** The examples to use of it. */
  readonly train: Dataset;
  readonly test: Dataset;
  readonly model: Module;
  readonly parameters: number;
  readonly weightsPath: string;
}

/**
 * Reads the data, makes the network, and finds out whether results can be kept.
 *
 * @throws FormatError for bad data, NotWritableError for a place that cannot be written.
 */
export async function prepareTask(settings: TrainSettings): Promise<Task> {
  const { data, limit, model: name, save, json } = settings;
  const mnist = data === undefined ? await mnistFromPackage(import.meta.url) : await mnistFromFolder(data);
  const model = createModel(name, mnist.height * mnist.width);
  const parameters = countParameters(model);
  await ensureWritableFolder(save ?? dirname(defaultFolder), 4 * parameters + headerBytes, "--save");
  if (save === undefined) await createDefaultFolder();
  if (json !== undefined) await ensureWritableFile(json, reportBytes, "--json");
  return {
    settings,
    mnist,
    train: limit === undefined ? mnist.train : take(mnist.train, limit),
    test: limit === undefined ? mnist.test : take(mnist.test, limit),
    model,
    parameters,
    weightsPath: join(save ?? defaultFolder, weightsFile),
  };
}

/** Saves the network as it is now. */
export function saveTask({ weightsPath, model, settings, mnist }: Task): Promise<void> {
  return saveModel(weightsPath, model, settings.model, mnist.height * mnist.width);
}
