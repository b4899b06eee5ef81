import type { Layer, Parameter } from "./layer.ts";

/**
 * From Q, K and V side by side, [N, T, 3E], what each head attends to, [N, T, E]: softmax(Q·Kᵀ/√d)·V with d = E/heads.
 */
export function attend(steps: number, features: number, heads: number): Layer {
  const depth = features / heads;
  const scale = 1 / Math.sqrt(depth);
  let input: Float64Array;
  let weights: Float64Array;
  /** Calls for each head of each example with where its first query, key, value, output and weight are. */
  const visit = (batch: number, body: (q: number, k: number, v: number, y: number, w: number) => void) => {
    for (let n = 0; n < batch; n++) {
      for (let h = 0; h < heads; h++) {
        const q = n * steps * 3 * features + h * depth;
        const w = (n * heads + h) * steps * steps;
        body(q, q + features, q + 2 * features, n * steps * features + h * depth, w);
      }
    }
  };
  const row = 3 * features;
  return {
    forward(x) {
      input = x;
      const batch = x.length / steps / row;
      weights = new Float64Array(batch * heads * steps * steps);
      const y = new Float64Array(batch * steps * features);
      visit(batch, (q, k, v, out, w) => {
        for (let t = 0; t < steps; t++) {
          const scores = weights.subarray(w + t * steps, w + (t + 1) * steps);
          for (let s = 0; s < steps; s++) {
            for (let i = 0; i < depth; i++) scores[s]! += scale * x[q + t * row + i]! * x[k + s * row + i]!;
          }
          const highest = Math.max(...scores);
          scores.forEach((score, s) => (scores[s] = Math.exp(score - highest)));
          const total = scores.reduce((sum, value) => sum + value, 0);
          for (let s = 0; s < steps; s++) {
            scores[s]! /= total;
            for (let i = 0; i < depth; i++) y[out + t * features + i]! += scores[s]! * x[v + s * row + i]!;
          }
        }
      });
      return y;
    },
    backward(dy) {
      const dx = new Float64Array(input.length);
      visit(dy.length / steps / features, (q, k, v, out, w) => {
        for (let t = 0; t < steps; t++) {
          const chosen = weights.subarray(w + t * steps, w + (t + 1) * steps);
          const dweights = new Float64Array(steps);
          for (let s = 0; s < steps; s++) {
            for (let i = 0; i < depth; i++) {
              dweights[s]! += dy[out + t * features + i]! * input[v + s * row + i]!;
              dx[v + s * row + i]! += chosen[s]! * dy[out + t * features + i]!;
            }
          }
          const mean = chosen.reduce((sum, weight, s) => sum + weight * dweights[s]!, 0);
          for (let s = 0; s < steps; s++) {
            const dscore = scale * chosen[s]! * (dweights[s]! - mean);
            for (let i = 0; i < depth; i++) {
              dx[q + t * row + i]! += dscore * input[k + s * row + i]!;
              dx[k + s * row + i]! += dscore * input[q + t * row + i]!;
            }
          }
        }
      });
      return dx;
    },
  };
}

/** (x − mean)/√(variance + 1e-5)·w + b over the last axis. */
export function layerNorm(weight: Parameter, bias: Parameter): Layer {
  const width = weight.value.length;
  let standard: Float64Array;
  let deviations: Float64Array;
  const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / width;
  const rowOf = (values: Float64Array, r: number): Float64Array =>
    values.subarray(r * width, (r + 1) * width);
  return {
    forward(x) {
      standard = x.slice();
      deviations = new Float64Array(x.length / width);
      for (let r = 0; r < deviations.length; r++) {
        const row = rowOf(standard, r);
        const mean = meanOf(row);
        const deviation = Math.sqrt(meanOf(row.map((value) => (value - mean) ** 2)) + 1e-5);
        row.forEach((value, i) => (row[i] = (value - mean) / deviation));
        deviations[r] = deviation;
      }
      return standard.map((value, i) => value * weight.value[i % width]! + bias.value[i % width]!);
    },
    backward(dy) {
      const dx = new Float64Array(dy.length);
      dy.forEach((value, i) => {
        weight.gradient[i % width]! += value * standard[i]!;
        bias.gradient[i % width]! += value;
      });
      for (let r = 0; r < deviations.length; r++) {
        const row = rowOf(standard, r);
        const d = rowOf(dy, r).map((value, i) => value * weight.value[i]!);
        const mean = meanOf(d);
        const slope = meanOf(d.map((value, i) => value * row[i]!));
        d.forEach((value, i) => {
          dx[r * width + i] = (value - mean - row[i]! * slope) / deviations[r]!;
        });
      }
      return dx;
    },
  };
}

/** The mean over the axis T of [N, T, E]. */
export function meanOverTime(steps: number, features: number): Layer {
  return {
    forward(x) {
      const y = new Float64Array(x.length / steps);
      x.forEach(
        (value, i) => (y[Math.floor(i / steps / features) * features + (i % features)]! += value / steps),
      );
      return y;
    },
    backward(dy) {
      return Float64Array.from(
        { length: dy.length * steps },
        (_, i) => dy[Math.floor(i / steps / features) * features + (i % features)]! / steps,
      );
    },
  };
}
