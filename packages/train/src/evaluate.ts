import { compile, OptionError, type Tensor } from "@chainrule/core";
import type { Dataset } from "@chainrule/data";
import { accuracy, type Module } from "@chainrule/nn";
import { type Batches, batchesOf, release } from "./batches.ts";
import { inEvaluationMode } from "./evaluation-mode.ts";

/** A batch's mean loss from the model's output and the target. */
export type Loss = (output: Tensor, target: Tensor) => Tensor;

/** A batch's mean of some measure, as a scalar tensor. */
export type Metric = (output: Tensor, target: Tensor) => Tensor;

/** What `evaluate` measures, and how. */
export interface EvaluateOptions {
  readonly loss: Loss;
  readonly metrics?: Readonly<Record<string, Metric>>;
  /** Examples a batch, where the data is a dataset; default 500. */
  readonly batchSize?: number;
  /** Whether the step is captured once and replayed (the default) or built anew for each batch. */
  readonly capture?: boolean;
}

/** Means over all examples. */
export interface Evaluation {
  readonly loss: number;
  /** The share of right classes where outputs are `[n, classes]` and targets are class indices, else null. */
  readonly accuracy: number | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly examples: number;
}

/** Measures a model on data, as often as wanted: its steps are captured once for each batch size. */
export type Evaluator = (data: Dataset | Batches) => Promise<Evaluation>;

/**
 * Loss, accuracy and metrics of a model over data, without gradients and in evaluation mode.
 *
 * Each is the mean over examples: batches count by their size, so `loss` and `metrics` must be batch means.
 *
 * @throws OptionError where there are no batches.
 */
export function evaluate(
  model: Module,
  data: Dataset | Batches,
  options: EvaluateOptions,
): Promise<Evaluation> {
  return createEvaluator(model, options)(data);
}

/** The evaluation of one model, ready to be run after each epoch. */
export function createEvaluator(model: Module, options: EvaluateOptions): Evaluator {
  const { loss, metrics = {}, capture = true } = options;
  const step = (x: Tensor, y: Tensor): Record<string, Tensor> => {
    const output = model.forward(x);
    const measured: Record<string, Tensor> = { loss: loss(output, y) };
    if (areClasses(output, y)) measured.accuracy = accuracy(output, y);
    for (const [name, metric] of Object.entries(metrics)) measured[`metric ${name}`] = metric(output, y);
    return measured;
  };
  const run = capture ? compile(step) : step;
  return (data) =>
    inEvaluationMode(model, async () => {
      const batches = batchesOf(data, options.batchSize);
      const { sums, examples } = await accumulate(batches, run);
      if (examples === 0) throw new OptionError("evaluate: the data has no batches");
      const mean = (name: string): number => sums[name]! / examples;
      return {
        loss: mean("loss"),
        accuracy: "accuracy" in sums ? mean("accuracy") : null,
        metrics: Object.fromEntries(Object.keys(metrics).map((name) => [name, mean(`metric ${name}`)])),
        examples,
      };
    });
}

/** Sums of the measures, each weighted by its batch's size. */
async function accumulate(
  batches: Batches,
  run: (x: Tensor, y: Tensor) => Record<string, Tensor>,
): Promise<{ sums: Record<string, number>; examples: number }> {
  const sums: Record<string, number> = {};
  let examples = 0;
  for await (const batch of batches) {
    const count = batch.x.shape[0] ?? 1;
    for (const [name, value] of Object.entries(run(batch.x, batch.y))) {
      const sum = (await value.item()) * count;
      // A share of right answers stands for a whole number of them, which float32 may have missed by a hair.
      sums[name] = (sums[name] ?? 0) + (name === "accuracy" ? Math.round(sum) : sum);
      value.dispose();
    }
    examples += count;
    release(batches, batch);
  }
  return { sums, examples };
}

const areClasses = (output: Tensor, target: Tensor): boolean =>
  output.rank === 2 && target.rank === 1 && (target.dtype === "int32" || target.dtype === "uint8");
