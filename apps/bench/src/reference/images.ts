import { type ConvolutionShape, outputSize } from "../case.ts";
import { convolve, inputGradient, weightGradient } from "./convolution.ts";
import type { Layer, Parameter } from "./layer.ts";

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
