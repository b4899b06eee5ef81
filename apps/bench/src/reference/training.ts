import type { TrainingCase } from "../case.ts";
import { initialParameters, trainingBatch } from "../inputs.ts";
import { isClassifier, outputsOf } from "../network.ts";
import { referenceNetwork } from "./network.ts";

export interface TrainedReference {
  /** Of the last step. */
  readonly loss: number;
  readonly initial: readonly Float64Array[];
  readonly parameters: readonly Float64Array[];
}

/** The mean loss of a batch; `outputs` become its gradient. */
function lossOf(outputs: Float64Array, target: ArrayLike<number>, classes: number | null): number {
  let loss = 0;
  if (classes === null) {
    for (let i = 0; i < outputs.length; i++) {
      const difference = outputs[i]! - target[i]!;
      loss += difference ** 2 / outputs.length;
      outputs[i] = (2 * difference) / outputs.length;
    }
    return loss;
  }
  const rows = target.length;
  for (let r = 0; r < rows; r++) {
    const row = outputs.subarray(r * classes, (r + 1) * classes);
    const highest = Math.max(...row);
    const sum = row.reduce((total, value) => total + Math.exp(value - highest), 0);
    loss += (highest + Math.log(sum) - row[target[r]!]!) / rows;
    row.forEach((value, c) => {
      row[c] = (Math.exp(value - highest) / sum - (c === target[r] ? 1 : 0)) / rows;
    });
  }
  return loss;
}

/** Adam with the usual constants, or plain SGD. */
function update(
  work: TrainingCase,
  step: number,
  [p, g, m, v]: readonly [Float64Array, Float64Array, Float64Array, Float64Array],
): void {
  for (let i = 0; i < p.length; i++) {
    if (work.optimizer === "sgd") {
      p[i]! -= work.learningRate * g[i]!;
      continue;
    }
    m[i] = 0.9 * m[i]! + 0.1 * g[i]!;
    v[i] = 0.999 * v[i]! + 0.001 * g[i]! ** 2;
    const rate = work.learningRate / (1 - 0.9 ** step);
    p[i]! -= (rate * m[i]!) / (Math.sqrt(v[i]! / (1 - 0.999 ** step)) + 1e-8);
  }
}

/** So many training steps in float64. */
export function referenceTraining(work: TrainingCase, steps: number): TrainedReference {
  const { network, batch } = work;
  const { x, target } = trainingBatch(work);
  const initial = initialParameters(network).map((values) => Float64Array.from(values));
  const zeros = (values: Float64Array): Float64Array => new Float64Array(values.length);
  const parameters = initial.map((values) => ({ value: values.slice(), gradient: zeros(values) }));
  const means = initial.map((values) => [zeros(values), zeros(values)] as const);
  const model = referenceNetwork(network, batch, parameters);
  const classes = isClassifier(network) ? outputsOf(network) : null;
  let loss = Number.NaN;
  for (let step = 1; step <= steps; step++) {
    for (const { gradient } of parameters) gradient.fill(0);
    const outputs = model.forward(Float64Array.from(x));
    loss = lossOf(outputs, target, classes);
    model.backward(outputs);
    parameters.forEach(({ value, gradient }, i) => update(work, step, [value, gradient, ...means[i]!]));
  }
  return { loss, initial, parameters: parameters.map(({ value }) => value) };
}
