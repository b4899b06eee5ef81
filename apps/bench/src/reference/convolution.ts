import { type ConvolutionCase, type ConvolutionShape, outputSize } from "../case.ts";
import { convolutionInputs } from "../inputs.ts";

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

/** What a convolution case gives, in float64. */
export function referenceConvolution(work: ConvolutionCase): Float64Array {
  const { x, w, dy } = convolutionInputs(work);
  const [image, filters, slope] = [x, w, dy].map((values) => Float64Array.from(values)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  switch (work.pass) {
    case "forward":
      return convolve(work.shape, image, filters);
    case "input":
      return inputGradient(work.shape, filters, slope);
    case "weight":
      return weightGradient(work.shape, image, slope);
  }
}
