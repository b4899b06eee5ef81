/** A parameter of the reference with the gradient that the last step gave it. */
export interface Parameter {
  readonly value: Float64Array;
  readonly gradient: Float64Array;
}

/** A layer in float64, written out plainly: the truth that results are held against. */
export interface Layer {
  forward(x: Float64Array): Float64Array;
  /** From the gradient of the last output: adds to its parameters' gradients and gives that of the input. */
  backward(dy: Float64Array): Float64Array;
}

/** One layer after the other. */
export const sequential = (...layers: readonly Layer[]): Layer => ({
  forward: (x) => layers.reduce((value, layer) => layer.forward(value), x),
  backward: (dy) => layers.reduceRight((gradient, layer) => layer.backward(gradient), dy),
});

const sum = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value + b[i]!);

/** x + layer(x). */
export const residual = (layer: Layer): Layer => ({
  forward: (x) => sum(x, layer.forward(x)),
  backward: (dy) => sum(dy, layer.backward(dy)),
});

/** An elementwise function with its derivative, given by the function's value. */
function elementwise(f: (x: number) => number, derivative: (y: number) => number): Layer {
  let y: Float64Array;
  return {
    forward: (x) => (y = x.map(f)),
    backward: (dy) => dy.map((d, i) => d * derivative(y[i]!)),
  };
}

export const relu = (): Layer =>
  elementwise(
    (x) => Math.max(x, 0),
    (y) => (y > 0 ? 1 : 0),
  );

export const tanh = (): Layer => elementwise(Math.tanh, (y) => 1 - y * y);
