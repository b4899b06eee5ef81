import { compile, OptionError, type Tensor, tensor, type TypedArray } from "@chainrule/core";
import { ArrayDataset, type Batch, DataLoader, type Dataset } from "@chainrule/data";
import type { Module } from "@chainrule/nn";
import { evaluationBatchSize } from "./batches.ts";
import { inEvaluationMode } from "./evaluation-mode.ts";

/** How `predict` goes through its inputs. */
export interface PredictOptions {
  /** Examples a batch, where the inputs are a tensor or a dataset; default 500. */
  readonly batchSize?: number;
}

/** Inputs for `predict`: one tensor, or examples or batches with a field `x`. */
export type PredictInputs = Tensor | Dataset<"x"> | AsyncIterable<Batch<"x">>;

/**
 * The model's outputs for all inputs, `[n, …]`, computed batch by batch in evaluation mode.
 *
 * @throws OptionError where there are no inputs.
 */
export async function predict(
  model: Module,
  inputs: PredictInputs,
  options: PredictOptions = {},
): Promise<Tensor> {
  const { batchSize = evaluationBatchSize } = options;
  const batches = await batchesOfInputs(inputs, batchSize);
  const forward = compile((x: Tensor) => model.forward(x));
  return inEvaluationMode(model, async () => {
    const parts: TypedArray[] = [];
    let count = 0;
    let last: Tensor | undefined;
    for await (const { x } of batches) {
      last = forward(x);
      parts.push(await last.data());
      count += x.shape[0] ?? 1;
    }
    if (!last) throw new OptionError("predict: there are no inputs");
    return tensor(join(parts), { shape: [count, ...last.shape.slice(1)], dtype: last.dtype });
  });
}

async function batchesOfInputs(inputs: PredictInputs, batchSize: number): Promise<AsyncIterable<Batch<"x">>> {
  if (Symbol.asyncIterator in inputs) return inputs;
  if ("get" in inputs) return new DataLoader(inputs, { batchSize });
  const { shape, dtype } = inputs;
  return new DataLoader(new ArrayDataset({ x: { data: await inputs.data(), shape, dtype } }), { batchSize });
}

function join(parts: readonly TypedArray[]): TypedArray {
  const [first] = parts;
  if (parts.length === 1) return first!;
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const joined = new (first!.constructor as new (length: number) => TypedArray)(total);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
