import { cpu } from "@chainrule/backend-cpu";
import { registerBackend, tensor, Variable, type Tensor } from "@chainrule/core";
import type { FixtureArray } from "@chainrule/fixtures";
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  Lion,
  NAdam,
  RAdam,
  RMSprop,
  SGD,
  type Optimizer,
} from "@chainrule/optim";

registerBackend(cpu);

/** A recorded array as a tensor. */
export const fromFixture = ({ data, shape, dtype }: FixtureArray): Tensor => tensor(data, { shape, dtype });

/** A float64 variable. */
export const variable = (...values: number[]): Variable => new Variable(tensor(Float64Array.from(values)));

/** The optimisers by name, from options as fixtures hold them. */
export const optimizers: Readonly<Record<string, (options: object) => Optimizer>> = {
  SGD: (options) => new SGD(options),
  Adam: (options) => new Adam(options),
  AdamW: (options) => new AdamW(options),
  Adagrad: (options) => new Adagrad(options),
  Adadelta: (options) => new Adadelta(options),
  RMSprop: (options) => new RMSprop(options),
  Adamax: (options) => new Adamax(options),
  NAdam: (options) => new NAdam(options),
  RAdam: (options) => new RAdam(options),
  Lion: (options) => new Lion(options),
};

/** Every rule with its options, each made anew. */
export const rules: readonly (readonly [string, () => Optimizer])[] = [
  ["SGD", () => new SGD({ lr: 0.1 })],
  ["SGD with momentum", () => new SGD({ lr: 0.1, momentum: 0.9, dampening: 0.3, weightDecay: 0.01 })],
  ["SGD with Nesterov momentum", () => new SGD({ lr: 0.1, momentum: 0.9, nesterov: true })],
  ["Adam", () => new Adam({ lr: 0.05 })],
  ["Adam with weight decay and AMSGrad", () => new Adam({ lr: 0.05, weightDecay: 0.01, amsgrad: true })],
  ["AdamW", () => new AdamW({ lr: 0.05, weightDecay: 0.1 })],
  ["Adagrad", () => new Adagrad({ lr: 0.1, lrDecay: 0.01, weightDecay: 0.01, initialAccumulatorValue: 0.1 })],
  ["Adadelta", () => new Adadelta({ weightDecay: 0.01, eps: 2e-2 })],
  ["RMSprop", () => new RMSprop({ lr: 0.01 })],
  [
    "RMSprop, centred, with momentum",
    () => new RMSprop({ lr: 0.003, centered: true, momentum: 0.5, eps: 1e-4 }),
  ],
  ["Adamax", () => new Adamax({ lr: 0.05, weightDecay: 0.01 })],
  ["NAdam", () => new NAdam({ lr: 0.05, weightDecay: 0.01 })],
  ["NAdam, decoupled", () => new NAdam({ lr: 0.05, weightDecay: 0.1, decoupledWeightDecay: true })],
  ["RAdam", () => new RAdam({ lr: 0.1, betas: [0.8, 0.9] })],
  ["RAdam, decoupled", () => new RAdam({ lr: 0.1, weightDecay: 0.1, decoupledWeightDecay: true })],
  ["Lion", () => new Lion({ lr: 0.01, weightDecay: 0.1 })],
];

/** A small net: 3 inputs, 4 hidden units, 2 outputs, always the same at the start. */
export function network(): { parameters: Variable[]; loss: (x: Tensor, y: Tensor) => Tensor } {
  const wave = (shape: number[], phase: number): Variable => {
    const size = shape.reduce((product, n) => product * n, 1);
    return new Variable(
      tensor(
        Float32Array.from({ length: size }, (_, i) => Math.sin(3 * i + phase)),
        { shape },
      ),
    );
  };
  const parameters = [wave([3, 4], 0), wave([4], 1), wave([4, 2], 2), wave([2], 3)];
  const [w1, b1, w2, b2] = parameters as [Variable, Variable, Variable, Variable];
  const loss = (x: Tensor, y: Tensor): Tensor =>
    x.matmul(w1).add(b1).tanh().matmul(w2).add(b2).sub(y).square().mean();
  return { parameters, loss };
}

/** The `step`-th batch of `rows` examples for that net. */
export function batch(step: number, rows: number = 5): [Tensor, Tensor] {
  const wave = (columns: number, phase: number): Tensor =>
    tensor(
      Float32Array.from({ length: rows * columns }, (_, i) => Math.cos(2 * i + phase + step)),
      { shape: [rows, columns] },
    );
  return [wave(3, 0), wave(2, 1)];
}

/** All elements of all tensors. */
export const valuesOf = (tensors: readonly Tensor[]): Promise<number[][]> =>
  Promise.all(tensors.map(async (tensor) => Array.from(await tensor.data())));
