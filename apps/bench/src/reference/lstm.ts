import type { Layer, Parameter } from "./layer.ts";

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** What a step leaves for the way back. */
interface Step {
  readonly x: Float64Array;
  readonly hidden: Float64Array;
  readonly cell: Float64Array;
  /** Input, forget, cell and output gate, [N, 4H]. */
  readonly gates: Float64Array;
  readonly next: Float64Array;
}

/**
 * The last hidden state [N, H] of an LSTM over [T, N, I] that starts from zeros; weights [4H, I] and [4H, H], two biases
 * [4H], gates in PyTorch's order.
 */
export function lstm(
  steps: number,
  weightIh: Parameter,
  weightHh: Parameter,
  biases: readonly [Parameter, Parameter],
): Layer {
  const rows = biases[0].value.length;
  const hidden = rows / 4;
  const inputs = weightIh.value.length / rows;
  /** Adds x·Wᵀ to the gates. */
  const apply = (x: Float64Array, { value }: Parameter, gates: Float64Array): void => {
    const from = value.length / rows;
    for (let n = 0; n < gates.length / rows; n++) {
      for (let g = 0; g < rows; g++) {
        let sum = 0;
        for (let i = 0, a = n * from, b = g * from; i < from; i++) sum += x[a++]! * value[b++]!;
        gates[n * rows + g]! += sum;
      }
    }
  };
  /** Adds dgatesᵀ·x to the weight's gradient; gives dgates·W. */
  const applyBack = (x: Float64Array, weight: Parameter, dgates: Float64Array): Float64Array => {
    const from = weight.value.length / rows;
    const dx = new Float64Array(x.length);
    for (let n = 0; n < dgates.length / rows; n++) {
      for (let g = 0; g < rows; g++) {
        const factor = dgates[n * rows + g]!;
        for (let i = 0, a = n * from, b = g * from; i < from; i++, a++, b++) {
          weight.gradient[b]! += factor * x[a]!;
          dx[a]! += factor * weight.value[b]!;
        }
      }
    }
    return dx;
  };
  let taken: Step[] = [];
  return {
    forward(x) {
      const batch = x.length / steps / inputs;
      taken = [];
      let state = new Float64Array(batch * hidden);
      let cell = new Float64Array(batch * hidden);
      for (let t = 0; t < steps; t++) {
        const here = x.subarray(t * batch * inputs, (t + 1) * batch * inputs);
        const gates = Float64Array.from({ length: batch * rows }, (_, i) =>
          biases.reduce((sum, { value }) => sum + value[i % rows]!, 0),
        );
        apply(here, weightIh, gates);
        apply(state, weightHh, gates);
        gates.forEach((value, i) => {
          gates[i] = Math.floor((i % rows) / hidden) === 2 ? Math.tanh(value) : sigmoid(value);
        });
        const next = new Float64Array(cell.length);
        const output = new Float64Array(cell.length);
        for (let i = 0; i < cell.length; i++) {
          const at = Math.floor(i / hidden) * rows + (i % hidden);
          next[i] = gates[at + hidden]! * cell[i]! + gates[at]! * gates[at + 2 * hidden]!;
          output[i] = gates[at + 3 * hidden]! * Math.tanh(next[i]!);
        }
        taken.push({ x: here, hidden: state, cell, gates, next });
        [state, cell] = [output, next];
      }
      return state;
    },
    backward(dy) {
      const parts: Float64Array[] = [];
      let dstate = dy;
      let dcell = new Float64Array(dy.length);
      for (const { x, hidden: state, cell, gates, next } of taken.toReversed()) {
        const dgates = new Float64Array(gates.length);
        const dbefore = new Float64Array(dy.length);
        for (let i = 0; i < dy.length; i++) {
          const at = Math.floor(i / hidden) * rows + (i % hidden);
          const [input, forget, candidate, output] = [0, 1, 2, 3].map((g) => gates[at + g * hidden]!) as [
            number,
            number,
            number,
            number,
          ];
          const bounded = Math.tanh(next[i]!);
          const d = dcell[i]! + dstate[i]! * output * (1 - bounded ** 2);
          dgates[at] = d * candidate * input * (1 - input);
          dgates[at + hidden] = d * cell[i]! * forget * (1 - forget);
          dgates[at + 2 * hidden] = d * input * (1 - candidate ** 2);
          dgates[at + 3 * hidden] = dstate[i]! * bounded * output * (1 - output);
          dbefore[i] = d * forget;
        }
        for (const { gradient } of biases) dgates.forEach((value, i) => (gradient[i % rows]! += value));
        parts.unshift(applyBack(x, weightIh, dgates));
        dstate = applyBack(state, weightHh, dgates);
        dcell = dbefore;
      }
      return Float64Array.from(parts.flatMap((part) => Array.from(part)));
    },
  };
}
