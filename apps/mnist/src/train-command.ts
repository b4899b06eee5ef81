import { dirname, join } from "node:path";
import { random } from "@chainrule/core";
import { DataLoader, type Dataset, type Mnist, take } from "@chainrule/data";
import { mnistFromFolder, mnistFromPackage } from "@chainrule/data/node";
import { type ConfusionMatrix, confusionMatrix, crossEntropy, type Module } from "@chainrule/nn";
import { cosine } from "@chainrule/optim";
import { DivergedError, fit, type History, predict, progressBar } from "@chainrule/train";
import { useBackend } from "./backend.ts";
import { Interrupt } from "./interrupt.ts";
import { drawMisread } from "./misread.ts";
import { countParameters, createModel, createOptimizer, describeModel } from "./network.ts";
import { median, reportEpochs, writeReport } from "./report.ts";
import type { TrainSettings } from "./settings.ts";
import { createDefaultFolder, defaultFolder, hashWeights, saveModel, weightsFile } from "./weights.ts";
import { ensureWritableFile, ensureWritableFolder } from "./writable.ts";

/** Room for a report, whatever the number of epochs. */
const reportBytes = 1 << 16;
/** Room in the weights' file for all but the weights. */
const headerBytes = 1 << 12;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/**
 * Trains a network on MNIST, tests it, saves its weights, and shows how it did.
 *
 * @returns the exit code: 0, or that of the signal which ended training early.
 */
export async function trainCommand(settings: TrainSettings): Promise<number> {
  await useBackend(settings.backend);
  random.seed(settings.seed);
  const mnist = settings.data
    ? await mnistFromFolder(settings.data)
    : await mnistFromPackage(import.meta.url);
  const train = limited(mnist.train, settings.limit);
  const test = limited(mnist.test, settings.limit);
  const inputs = mnist.height * mnist.width;
  const model = createModel(settings.model, inputs);
  const weightsPath = await checkOutputs(settings, 4 * countParameters(model));

  print(`data ${mnist.name} · ${format(train.length)} training and ${format(test.length)} test images`);
  print(
    `model ${settings.model} ${describeModel(settings.model, inputs)} · ${format(countParameters(model))} parameters`,
  );
  using interrupt = new Interrupt();
  const stepMilliseconds: number[] = [];
  const started = performance.now();
  let history: History;
  try {
    history = await runTraining(model, train, test, settings, interrupt.signal, stepMilliseconds);
  } catch (error) {
    if (error instanceof DivergedError) {
      await saveModel(weightsPath, model, settings.model, inputs);
      print(`weights of the last good step saved to ${weightsPath}`);
    }
    throw error;
  }
  const secondsTotal = (performance.now() - started) / 1000;
  await saveModel(weightsPath, model, settings.model, inputs);
  if (history.stopped) {
    print(`interrupted: the weights so far are saved to ${weightsPath}`);
    if (settings.json) print("no report was written, since training did not end");
    return interrupt.exitCode;
  }
  const { confusion, predicted } = await examine(model, test, mnist);
  showResults(confusion, predicted, mnist);
  print(`trained in ${secondsTotal.toFixed(1)} s, median step ${median(stepMilliseconds).toFixed(2)} ms`);
  print(`weights saved to ${weightsPath}`);
  if (settings.json) {
    await writeReport(settings.json, {
      dataset: { name: mnist.name, train: train.length, test: test.length },
      backend: history.backend,
      model: { name: settings.model, parameters: countParameters(model) },
      seed: settings.seed,
      batchSize: settings.batchSize,
      epochs: reportEpochs(history),
      testAccuracy: confusion.accuracy,
      confusion: confusion.counts,
      stepMilliseconds: median(stepMilliseconds),
      secondsTotal,
      weightsSha256: await hashWeights(model),
    });
    print(`report written to ${settings.json}`);
  }
  showNextSteps(settings, weightsPath);
  return 0;
}

/** Finds out before training whether its results can be kept; gives the path of the weights. */
async function checkOutputs({ save, json }: TrainSettings, weightBytes: number): Promise<string> {
  const folder = save ?? defaultFolder;
  await ensureWritableFolder(save ?? dirname(defaultFolder), weightBytes + headerBytes, "--save");
  if (save === undefined) await createDefaultFolder();
  if (json !== undefined) await ensureWritableFile(json, reportBytes, "--json");
  return join(folder, weightsFile);
}

function runTraining(
  model: Module,
  train: Dataset,
  test: Dataset,
  settings: TrainSettings,
  signal: AbortSignal,
  stepMilliseconds: number[],
): Promise<History> {
  const { batchSize, epochs, seed } = settings;
  const loader = new DataLoader(train, { batchSize, shuffle: true, seed });
  return fit(model, loader, {
    loss: crossEntropy,
    optimizer: createOptimizer(settings.optimizer, settings.lr),
    schedule: cosine(epochs * loader.length),
    epochs,
    validation: test,
    signal,
    callbacks: [
      progressBar({ sink: process.stdout, unit: "images" }),
      { onStepEnd: ({ milliseconds }) => void stepMilliseconds.push(milliseconds) },
    ],
  });
}

interface Examination {
  readonly confusion: ConfusionMatrix;
  readonly predicted: ArrayLike<number>;
}

async function examine(model: Module, test: Dataset, { test: { columns } }: Mnist): Promise<Examination> {
  const logits = await predict(model, test);
  const predicted = await logits.argmax(1).data();
  const labels = columns.y.data.subarray(0, test.length);
  return { confusion: confusionMatrix(predicted, labels, 10), predicted };
}

function showResults(confusion: ConfusionMatrix, predicted: ArrayLike<number>, mnist: Mnist): void {
  print(`\n${String(confusion)}\n`);
  const wrong = Math.round(confusion.total * (1 - confusion.accuracy));
  if (wrong > 0) {
    print(`${wrong === 1 ? "the one misread digit" : `some of the ${format(wrong)} misread digits`}:\n`);
    const columns = process.stdout.columns ?? 80;
    print(`${drawMisread(mnist, predicted, { count: 6, columns }).join("\n")}\n`);
  }
  print(`test accuracy ${(100 * confusion.accuracy).toFixed(2)} % of ${format(confusion.total)} images`);
}

function showNextSteps({ save, model }: TrainSettings, weightsPath: string): void {
  const weights = save === undefined ? "" : ` --weights ${weightsPath}`;
  print("\nwhat to try next:");
  print(`  pnpm mnist predict FILE.png${weights}   read a digit that you drew`);
  if (model === "mlp") print("  pnpm mnist --model linear   see what the hidden layer is worth");
  else print("  pnpm mnist --model mlp   add a hidden layer");
  print("  pnpm mnist --help   all options");
}

const limited = (dataset: Dataset, limit: number | undefined): Dataset =>
  limit === undefined ? dataset : take(dataset, limit);

const format = (count: number): string => count.toLocaleString("en");
