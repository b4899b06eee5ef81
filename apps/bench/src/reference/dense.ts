import type { Layer, Parameter } from "./layer.ts";

/** y = x·Wᵀ + b over the last axis: W [to, from], b [to]. */
export function dense(weight: Parameter, bias: Parameter): Layer {
  const to = bias.value.length;
  const from = weight.value.length / to;
  let input: Float64Array;
  return {
    forward(x) {
      input = x;
      const rows = x.length / from;
      const y = new Float64Array(rows * to);
      for (let r = 0; r < rows; r++) {
        for (let o = 0; o < to; o++) {
          let sum = bias.value[o]!;
          for (let i = 0, a = r * from, b = o * from; i < from; i++) sum += x[a++]! * weight.value[b++]!;
          y[r * to + o] = sum;
        }
      }
      return y;
    },
    backward(dy) {
      const dx = new Float64Array(input.length);
      for (let r = 0; r < dy.length / to; r++) {
        for (let o = 0; o < to; o++) {
          const factor = dy[r * to + o]!;
          if (factor === 0) continue;
          bias.gradient[o]! += factor;
          for (let i = 0, a = r * from, b = o * from; i < from; i++, a++, b++) {
            weight.gradient[b]! += factor * input[a]!;
            dx[a]! += factor * weight.value[b]!;
          }
        }
      }
      return dx;
    },
  };
}
