import type { TrainingCase } from "../case.ts";
import { initialParameters, trainingBatch } from "../inputs.ts";

export interface TrainedReference {
  /** Of the last step. */
  readonly loss: number;
  readonly initial: readonly Float64Array[];
  readonly parameters: readonly Float64Array[];
}

/** y += x·Wᵀ, with x [rows, from] and W [to, from]. */
function forward(x: Float64Array, w: Float64Array, y: Float64Array, from: number, to: number): void {
  const rows = x.length / from;
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < to; o++) {
      let sum = 0;
      for (let i = 0, a = r * from, b = o * from; i < from; i++) sum += x[a++]! * w[b++]!;
      y[r * to + o]! += sum;
    }
  }
}

/** Adds dyᵀ·x to the weight's gradient and dy·W to the input's, where one is wanted. */
function backward(
  { x, w, dy }: { readonly x: Float64Array; readonly w: Float64Array; readonly dy: Float64Array },
  dw: Float64Array,
  dx: Float64Array | null,
  [from, to]: readonly [number, number],
): void {
  const rows = x.length / from;
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < to; o++) {
      const factor = dy[r * to + o]!;
      if (factor === 0) continue;
      for (let i = 0, a = r * from, b = o * from; i < from; i++) dw[b++]! += factor * x[a++]!;
      if (dx) for (let i = 0, a = r * from, b = o * from; i < from; i++) dx[a++]! += factor * w[b++]!;
    }
  }
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

/** So many training steps in float64, written out plainly. */
export function referenceTraining(work: TrainingCase, steps: number): TrainedReference {
  const { layers, activation } = work;
  const { x, target } = trainingBatch(work);
  const initial = initialParameters(work).map((values) => Float64Array.from(values));
  const parameters = initial.map((values) => values.slice());
  const means = initial.map(({ length }) => [new Float64Array(length), new Float64Array(length)] as const);
  const last = layers.length - 2;
  let loss = Number.NaN;
  for (let step = 1; step <= steps; step++) {
    const values = [Float64Array.from(x)];
    for (let l = 0; l <= last; l++) {
      const [from, to] = [layers[l]!, layers[l + 1]!];
      const bias = parameters[2 * l + 1]!;
      const y = Float64Array.from({ length: work.batch * to }, (_, i) => bias[i % to]!);
      forward(values[l]!, parameters[2 * l]!, y, from, to);
      values.push(l === last ? y : y.map((z) => (activation === "relu" ? Math.max(z, 0) : Math.tanh(z))));
    }
    let dy = values.pop()!;
    loss = lossOf(dy, target, activation === "relu" ? layers.at(-1)! : null);
    const gradients = parameters.map(({ length }) => new Float64Array(length));
    for (let l = last; l >= 0; l--) {
      const input = values[l]!;
      const to = layers[l + 1]!;
      const dx = l > 0 ? new Float64Array(input.length) : null;
      backward({ x: input, w: parameters[2 * l]!, dy }, gradients[2 * l]!, dx, [layers[l]!, to]);
      dy.forEach((value, i) => (gradients[2 * l + 1]![i % to]! += value));
      if (dx) dy = dx.map((d, i) => d * (activation === "relu" ? +(input[i]! > 0) : 1 - input[i]! ** 2));
    }
    parameters.forEach((p, i) => update(work, step, [p, gradients[i]!, ...means[i]!]));
  }
  return { loss, initial, parameters };
}
