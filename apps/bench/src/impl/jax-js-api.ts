/** As much of a jax-js array as is used here. A use consumes it; `ref` keeps it for one use more. */
export interface Arr {
  readonly ref: Arr;
  readonly shape: readonly number[];
  add(other: Arr | number): Arr;
  sub(other: Arr | number): Arr;
  mul(other: Arr | number): Arr;
  div(other: Arr): Arr;
  sum(): Arr;
  mean(axis?: number): Arr;
  reshape(shape: readonly number[]): Arr;
  slice(...index: (number | readonly [number, number] | readonly [])[]): Arr;
  data(): Promise<Float32Array>;
  blockUntilReady(): Promise<Arr>;
  dispose(): void;
}

export type Jitted<A extends readonly unknown[], R> = ((...args: A) => R) & { dispose(): void };

/** "SAME", or zeros before and after each spatial axis. */
export type Padding = "SAME" | readonly (readonly [number, number])[];

export interface Jax {
  readonly numpy: {
    readonly array: (values: Float32Array | Int32Array) => Arr;
    readonly zeros: (shape: readonly number[]) => Arr;
    readonly matmul: (a: Arr, b: Arr) => Arr;
    readonly transpose: (a: Arr) => Arr;
    readonly split: (a: Arr, parts: number, axis: number) => Arr[];
    readonly max: (a: Arr, axis?: readonly number[]) => Arr;
    readonly square: (a: Arr) => Arr;
    readonly sqrt: (a: Arr) => Arr;
    readonly exp: (a: Arr) => Arr;
    readonly tanh: (a: Arr) => Arr;
  };
  readonly nn: {
    readonly relu: (a: Arr) => Arr;
    readonly sigmoid: (a: Arr) => Arr;
    readonly softmax: (a: Arr, axis: number) => Arr;
    readonly logSoftmax: (a: Arr, axis: number) => Arr;
    readonly standardize: (a: Arr, axis: number) => Arr;
    readonly dotProductAttention: (query: Arr, key: Arr, value: Arr) => Arr;
    readonly oneHot: (a: Arr, classes: number) => Arr;
  };
  readonly lax: {
    conv(x: Arr, filters: Arr, strides: readonly number[], padding: Padding): Arr;
    reduceWindow(
      x: Arr,
      reduce: (window: Arr) => Arr,
      size: readonly number[],
      strides: readonly number[],
    ): Arr;
  };
  defaultDevice(name: string): string;
  jit<A extends readonly unknown[], R>(body: (...args: A) => R): Jitted<A, R>;
  grad(body: (x: Arr) => Arr): (x: Arr) => Arr;
  valueAndGrad(
    body: (parameters: Arr[], x: Arr, target: Arr) => Arr,
  ): (parameters: Arr[], x: Arr, target: Arr) => [Arr, Arr[]];
}
