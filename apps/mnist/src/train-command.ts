import { getBackend, random } from "@chainrule/core";
import { DivergedError } from "@chainrule/train";
import { augmentation, describeAugmentation } from "./augmentation.ts";
import { useBackend } from "./backend.ts";
import { examine, type Examination, showExamination } from "./examine.ts";
import { Interrupt } from "./interrupt.ts";
import { describeModel } from "./network.ts";
import { formatCount, print } from "./print.ts";
import { median, reportEpochs, writeReport } from "./report.ts";
import type { TrainSettings } from "./settings.ts";
import { prepareSwaps } from "./swap.ts";
import { prepareTask, saveTask, type Task } from "./task.ts";
import { train, type Training } from "./training.ts";
import { hashWeights } from "./weights.ts";

/**
 * Trains a network on MNIST, tests it, saves its weights, and shows how it did.
 *
 * @returns the exit code: 0, or that of the signal which ended training early.
 */
export async function trainCommand(settings: TrainSettings): Promise<number> {
  await useBackend(settings.backend);
  await prepareSwaps(settings.swapAt);
  random.seed(settings.seed);
  const task = await prepareTask(settings);
  showTask(task);
  const interrupt = new Interrupt();
  try {
    return await trainAndShow(task, interrupt);
  } finally {
    interrupt.release();
  }
}

async function trainAndShow(task: Task, interrupt: Interrupt): Promise<number> {
  const { settings, weightsPath } = task;
  const training = await trainOrSave(task, interrupt.signal);
  await saveTask(task);
  if (training.history.stopped) {
    print(`interrupted: the weights so far are saved to ${weightsPath}`);
    if (settings.json !== undefined) print("no report was written, since training did not end");
    return interrupt.exitCode;
  }
  const examination = await examine(task);
  showExamination(examination, task);
  const step = median(training.stepMilliseconds).toFixed(2);
  const until = getBackend().capabilities.runsAhead ? " until it was handed over" : "";
  print(`trained in ${training.seconds.toFixed(1)} s, median step ${step} ms${until}`);
  print(`weights saved to ${weightsPath}`);
  if (settings.json !== undefined) {
    await report(settings.json, task, training, examination);
    print(`report written to ${settings.json}`);
  }
  showNextSteps(task);
  return 0;
}

/** Trains; where a loss is no longer finite, the last good weights are saved before the error goes on. */
async function trainOrSave(task: Task, signal: AbortSignal): Promise<Training> {
  try {
    return await train(task, signal);
  } catch (error) {
    if (error instanceof DivergedError) {
      await saveTask(task);
      print(`weights of the last good step saved to ${task.weightsPath}`);
    }
    throw error;
  }
}

async function report(
  path: string,
  task: Task,
  training: Training,
  { confusion }: Examination,
): Promise<void> {
  const { settings, mnist, parameters } = task;
  await writeReport(path, {
    dataset: { name: mnist.name, train: task.train.length, test: task.test.length },
    backend: training.history.backend,
    model: { name: settings.model, parameters },
    seed: settings.seed,
    augmentation: settings.augment ? augmentation : null,
    batchSize: settings.batchSize,
    epochs: reportEpochs(training.history),
    testAccuracy: confusion.accuracy,
    confusion: confusion.counts,
    stepMilliseconds: median(training.stepMilliseconds),
    secondsTotal: training.seconds,
    weightsSha256: await hashWeights(task.model),
  });
}

function showTask({ settings: { model, augment }, mnist, train, test, parameters }: Task): void {
  const layers = describeModel(model, mnist.height * mnist.width);
  const images = `${formatCount(train.length)} training and ${formatCount(test.length)} test images`;
  print(`data ${mnist.name} · ${images}${augment ? ` · augmented: ${describeAugmentation()}` : ""}`);
  print(`model ${model} ${layers} · ${formatCount(parameters)} parameters`);
}

function showNextSteps({ settings: { save, model, augment }, weightsPath }: Task): void {
  const weights = save === undefined ? "" : ` --weights ${weightsPath}`;
  print("\nwhat to try next:");
  print(`  pnpm mnist predict FILE.png${weights}   read a digit that you drew`);
  if (model === "mlp") print("  pnpm mnist --model linear   see what the hidden layer is worth");
  if (model === "linear") print("  pnpm mnist --model mlp   add a hidden layer");
  if (model !== "lenet") print("  pnpm mnist --model lenet   look at the image with convolutions");
  else if (!augment) print("  pnpm mnist --model lenet --augment   show it each digit a little changed");
  print("  pnpm mnist --help   all options");
}
