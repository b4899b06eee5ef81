import type { Layer, Parameter } from "./layer.ts";

/** A convolution of square images with square filters: x [N, C, S, S], w [O, C, k, k], y [N, O, S′, S′]. */
export interface ConvolutionShape {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  /** Zeros on each side. */
  readonly padding: number;
}

/** S′. */
export const outputSize = ({ size, kernel, stride, padding }: ConvolutionShape): number =>
  Math.floor((size + 2 * padding - kernel) / stride) + 1;

/** Visits each weight with each row of the output: x[from + i·stride]·w[at] belongs to y[to + i], 0 ≤ i < count. */
function visit(
  shape: ConvolutionShape,
  body: (at: number, from: number, to: number, count: number) => void,
): void {
  const { batch, inChannels, outChannels, size, kernel, stride, padding } = shape;
  const side = outputSize(shape);
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      for (let c = 0; c < inChannels; c++) {
        for (let ky = 0; ky < kernel; ky++) {
          for (let kx = 0; kx < kernel; kx++) {
            const at = ((o * inChannels + c) * kernel + ky) * kernel + kx;
            const first = Math.max(0, Math.ceil((padding - kx) / stride));
            const last = Math.min(side - 1, Math.floor((size - 1 + padding - kx) / stride));
            for (let y = 0; y < side; y++) {
              const row = y * stride + ky - padding;
              if (row < 0 || row >= size) continue;
              const from = ((n * inChannels + c) * size + row) * size + first * stride + kx - padding;
              body(at, from, ((n * outChannels + o) * side + y) * side + first, last - first + 1);
            }
          }
        }
      }
    }
  }
}

/** y. */
export function convolve(shape: ConvolutionShape, x: Float64Array, w: Float64Array): Float64Array {
  const y = new Float64Array(shape.batch * shape.outChannels * outputSize(shape) ** 2);
  visit(shape, (at, from, to, count) => {
    const factor = w[at]!;
    for (let i = 0; i < count; i++) y[to + i]! += factor * x[from + i * shape.stride]!;
  });
  return y;
}

/** The gradient of x. */
export function inputGradient(shape: ConvolutionShape, w: Float64Array, dy: Float64Array): Float64Array {
  const dx = new Float64Array(shape.batch * shape.inChannels * shape.size ** 2);
  visit(shape, (at, from, to, count) => {
    const factor = w[at]!;
    for (let i = 0; i < count; i++) dx[from + i * shape.stride]! += factor * dy[to + i]!;
  });
  return dx;
}

/** The gradient of w. */
export function weightGradient(shape: ConvolutionShape, x: Float64Array, dy: Float64Array): Float64Array {
  const dw = new Float64Array(shape.outChannels * shape.inChannels * shape.kernel ** 2);
  visit(shape, (at, from, to, count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += x[from + i * shape.stride]! * dy[to + i]!;
    dw[at]! += sum;
  });
  return dw;
}

/** A convolution with a bias [O]. */
export function convolution(shape: ConvolutionShape, weight: Parameter, bias: Parameter): Layer {
  const area = outputSize(shape) ** 2;
  const channel = (i: number): number => Math.floor(i / area) % shape.outChannels;
  let input: Float64Array;
  return {
    forward(x) {
      input = x;
      return convolve(shape, x, weight.value).map((value, i) => value + bias.value[channel(i)]!);
    },
    backward(dy) {
      weightGradient(shape, input, dy).forEach((value, i) => (weight.gradient[i]! += value));
      dy.forEach((value, i) => (bias.gradient[channel(i)]! += value));
      return inputGradient(shape, weight.value, dy);
    },
  };
}

/** The largest of each 2×2 elements of images S×S; the first of equal ones gets the gradient. */
export function maxPool(size: number): Layer {
  const side = size / 2;
  let chosen: Int32Array;
  let length = 0;
  return {
    forward(x) {
      length = x.length;
      chosen = Int32Array.from({ length: length / 4 }, (_, i) => {
        const [image, y, column] = [Math.floor(i / side / side), Math.floor(i / side) % side, i % side];
        const corner = (image * size + 2 * y) * size + 2 * column;
        return [corner + 1, corner + size, corner + size + 1].reduce(
          (best, at) => (x[at]! > x[best]! ? at : best),
          corner,
        );
      });
      return Float64Array.from(chosen, (at) => x[at]!);
    },
    backward(dy) {
      const dx = new Float64Array(length);
      chosen.forEach((at, i) => (dx[at] = dy[i]!));
      return dx;
    },
  };
}
