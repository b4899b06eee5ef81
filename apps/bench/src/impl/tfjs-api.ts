/** As much of a tfjs tensor as is used here; peers are no dependency, so their types are not at hand. */
export interface Tensor {
  readonly shape: readonly number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

export interface Variable extends Tensor {
  readonly name: string;
}

type Unary = "relu" | "tanh" | "sigmoid" | "square" | "sqrt" | "rsqrt" | "exp" | "softmax" | "sum";
type Binary = "add" | "sub" | "mul";
type Padding = number | "same" | "valid";

export interface Optimizer {
  minimize(loss: () => Tensor, returnCost: boolean, variables: readonly Variable[]): Tensor;
  dispose(): void;
}

export interface Tfjs
  extends Record<Unary, (x: Tensor) => Tensor>, Record<Binary, (x: Tensor, y: Tensor) => Tensor> {
  readonly version: { readonly "tfjs-core": string };
  readonly losses: { softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor };
  readonly train: {
    sgd(learningRate: number): Optimizer;
    adam(learningRate: number, beta1: number, beta2: number, epsilon: number): Optimizer;
  };
  engine(): {
    runKernel(
      name: string,
      inputs: Readonly<Record<string, Tensor>>,
      attributes: Readonly<Record<string, unknown>>,
    ): Tensor;
  };
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  scalar(value: number): Tensor;
  zeros(shape: readonly number[]): Tensor;
  tensor(values: Float32Array | Int32Array, shape: readonly number[], dtype?: string): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  mean(x: Tensor, axis?: number): Tensor;
  moments(x: Tensor, axis: number, keepDims: boolean): { readonly mean: Tensor; readonly variance: Tensor };
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  transpose(x: Tensor, axes: readonly number[]): Tensor;
  unstack(x: Tensor, axis: number): Tensor[];
  split(x: Tensor, parts: number, axis: number): Tensor[];
  conv2d(
    x: Tensor,
    filter: Tensor,
    strides: number,
    padding: Padding,
    format?: "NHWC",
    dilations?: number,
    rounding?: "floor",
  ): Tensor;
  conv2dTranspose(
    x: Tensor,
    filter: Tensor,
    shape: readonly number[],
    strides: number,
    padding: Padding,
    rounding?: "floor",
  ): Tensor;
  maxPool(x: Tensor, size: number, strides: number, padding: Padding): Tensor;
  oneHot(labels: Tensor, classes: number): Tensor;
  variable(initial: Tensor, trainable: boolean, name: string): Variable;
  tidy<T>(body: () => T): T;
  dispose(held: unknown): void;
}
