import { createRequire } from "node:module";
import { join } from "node:path";
import type { ElementwiseOp, TrainingCase } from "../case.ts";
import type { Computation, Open, Trainer } from "./implementation.ts";

/** As much of a jax-js array as is used here. A use consumes it; `ref` keeps it for one use more. */
interface Arr {
  readonly ref: Arr;
  readonly shape: readonly number[];
  add(other: Arr | number): Arr;
  sub(other: Arr | number): Arr;
  mul(other: Arr | number): Arr;
  div(other: Arr): Arr;
  sum(): Arr;
  mean(): Arr;
  reshape(shape: readonly number[]): Arr;
  data(): Promise<Float32Array>;
  blockUntilReady(): Promise<Arr>;
  dispose(): void;
}

type Jitted<A extends readonly unknown[], R> = ((...args: A) => R) & { dispose(): void };

interface Jax {
  readonly numpy: {
    array(values: Float32Array | Int32Array): Arr;
    matmul(a: Arr, b: Arr): Arr;
    transpose(a: Arr): Arr;
    square(a: Arr): Arr;
    sqrt(a: Arr): Arr;
    exp(a: Arr): Arr;
    tanh(a: Arr): Arr;
  };
  readonly nn: {
    relu(a: Arr): Arr;
    softmax(a: Arr, axis: number): Arr;
    logSoftmax(a: Arr, axis: number): Arr;
    oneHot(a: Arr, classes: number): Arr;
  };
  defaultDevice(name: string): string;
  jit<A extends readonly unknown[], R>(body: (...args: A) => R): Jitted<A, R>;
  valueAndGrad(
    body: (parameters: Arr[], x: Arr, target: Arr) => Arr,
  ): (parameters: Arr[], x: Arr, target: Arr) => [Arr, Arr[]];
}

function operations({ numpy, nn }: Jax): Readonly<Record<ElementwiseOp, (x: Arr, y: Arr) => Arr>> {
  const unused = (y: Arr, result: Arr): Arr => {
    y.dispose();
    return result;
  };
  return {
    chain: (x, y) => numpy.sqrt(numpy.square(nn.relu(x.ref.mul(y.ref).add(x)).sub(y))),
    exp: (x, y) => unused(y, numpy.exp(x)),
    softmax: (x, y) => unused(y, nn.softmax(x, -1)),
    sum: (x, y) => unused(y, x.sum()),
  };
}

function computation(jax: Jax, x: Arr, y: Arr, body: (x: Arr, y: Arr) => Arr): Computation {
  const jitted = jax.jit(body);
  let result: Arr | undefined;
  return {
    async repeat(times) {
      for (let i = 0; i < times; i++) {
        result?.dispose();
        result = jitted(x.ref, y.ref);
        // It is lazy: what nobody waits for is never computed.
        await result.blockUntilReady();
      }
    },
    read: () => result!.ref.data(),
    dispose() {
      for (const held of [x, y, result]) held?.dispose();
      jitted.dispose();
    },
  };
}

/** The new parameters and optimiser state; all arguments are consumed. */
type Update = (parameters: Arr[], gradients: Arr[], state: Arr[], scalars: Arr[]) => [Arr[], Arr[]];

/** Plain SGD; the scalar is the rate. */
const sgd: Update = (parameters, gradients, state, [rate]) => {
  const next = parameters.map((parameter, i) => parameter.sub(gradients[i]!.mul(rate!.ref)));
  rate!.dispose();
  return [next, state];
};

/** Adam with the usual constants; the state holds m, then v, and the scalars are lr/(1−β₁ᵗ) and √(1−β₂ᵗ). */
function adam({ numpy }: Jax): Update {
  return (parameters, gradients, state, [rate, correction]) => {
    const count = parameters.length;
    const m = gradients.map((g, i) => state[i]!.mul(0.9).add(g.ref.mul(1 - 0.9)));
    const v = gradients.map((g, i) => state[count + i]!.mul(0.999).add(numpy.square(g).mul(1 - 0.999)));
    const next = parameters.map((parameter, i) => {
      const denominator = numpy.sqrt(v[i]!.ref).div(correction!.ref).add(1e-8);
      return parameter.sub(m[i]!.ref.mul(rate!.ref).div(denominator));
    });
    rate!.dispose();
    correction!.dispose();
    return [next, [...m, ...v]];
  };
}

function createTrainer(jax: Jax, work: TrainingCase, initial: readonly Float32Array[]): Trainer {
  const { numpy, nn } = jax;
  const { network, learningRate } = work;
  if (network.kind !== "dense") throw new Error(`takes no part in training ${network.kind} networks`);
  const { layers, activation } = network;
  const [inputs, outputs] = [layers[0]!, layers.at(-1)!];
  const forward = (parameters: Arr[], x: Arr): Arr => {
    let value = x;
    for (let i = 0; i < parameters.length; i += 2) {
      value = numpy.matmul(value, numpy.transpose(parameters[i]!)).add(parameters[i + 1]!);
      if (i < parameters.length - 2) value = activation === "relu" ? nn.relu(value) : numpy.tanh(value);
    }
    return value;
  };
  const lossOf = (parameters: Arr[], x: Arr, target: Arr): Arr => {
    const value = forward(parameters, x);
    if (activation === "tanh") return numpy.square(value.sub(target)).mean();
    const [rows = 1] = value.shape;
    return nn
      .logSoftmax(value, -1)
      .mul(target)
      .sum()
      .mul(-1 / rows);
  };
  const update = work.optimizer === "adam" ? adam(jax) : sgd;
  const gradient = jax.valueAndGrad(lossOf);
  const body = (
    parameters: Arr[],
    state: Arr[],
    x: Arr,
    target: Arr,
    scalars: Arr[],
  ): [Arr, Arr[], Arr[]] => {
    const [loss, gradients] = gradient(
      parameters.map((parameter) => parameter.ref),
      x,
      target,
    );
    return [loss, ...update(parameters, gradients, state, scalars)];
  };
  const step = jax.jit(body);
  const predict = jax.jit((parameters: Arr[], x: Arr) => forward(parameters, x));
  const scalar = (value: number): Arr => numpy.array(Float32Array.of(value));
  const array = (values: Float32Array | Int32Array, shape: readonly number[]): Arr =>
    numpy.array(values).reshape(shape);
  // Weights are [out, in]: its own examples have [in, out], which is slower here.
  const parameter = (values: Float32Array, i: number): Arr => {
    const [from, to] = [layers[i >> 1]!, layers[(i >> 1) + 1]!];
    return array(values, i % 2 === 0 ? [to, from] : [to]);
  };
  const zeros = (): Arr[] => initial.map(({ length }, i) => parameter(new Float32Array(length), i));
  let parameters = initial.map(parameter);
  let state = work.optimizer === "adam" ? [...zeros(), ...zeros()] : [];
  let taken = 0;
  let x: Arr | undefined;
  let target: Arr | undefined;
  let loss: Arr | undefined;
  return {
    load(batch) {
      x?.dispose();
      target?.dispose();
      const rows = batch.x.length / inputs;
      x = array(batch.x, [rows, inputs]);
      target =
        activation === "relu"
          ? nn.oneHot(numpy.array(batch.target), outputs)
          : array(batch.target, [rows, outputs]);
    },
    async steps(count) {
      for (let i = 0; i < count; i++) {
        taken++;
        const scalars =
          work.optimizer === "adam"
            ? [learningRate / (1 - 0.9 ** taken), Math.sqrt(1 - 0.999 ** taken)]
            : [learningRate];
        loss?.dispose();
        [loss, parameters, state] = step(parameters, state, x!.ref, target!.ref, scalars.map(scalar));
        // The whole of the jitted step runs, which its guide says to do in every turn of a loop.
        await loss.blockUntilReady();
      }
    },
    loss: async () => (await loss!.ref.data())[0]!,
    parameters: async () => {
      const read: Float32Array[] = [];
      for (const held of parameters) read.push(await held.ref.data());
      return read;
    },
    outputs: (rows) =>
      predict(
        parameters.map((parameter) => parameter.ref),
        array(rows, [rows.length / inputs, inputs]),
      ).data(),
    dispose() {
      for (const held of [...parameters, ...state, x, target, loss]) held?.dispose();
      step.dispose();
      predict.dispose();
    },
  };
}

/** jax-js on its WASM backend, every computation and the whole training step under `jit`. */
export const open: Open = async ({ peers }) => {
  const require = createRequire(join(peers, "package.json"));
  const jax = require("@jax-js/jax") as Jax;
  const { version } = require(join(peers, "node_modules/@jax-js/jax/package.json")) as { version: string };
  jax.defaultDevice("wasm");
  const { numpy } = jax;
  return {
    version,
    mode: "simd, jit",
    threads: 1,
    product({ n, form }, a, b) {
      const [x, y] = [numpy.array(a).reshape([n, n]), numpy.array(b).reshape([n, n])];
      return computation(jax, x, y, (x, y) =>
        numpy.matmul(form === "TN" ? numpy.transpose(x) : x, form === "NT" ? numpy.transpose(y) : y),
      );
    },
    elementwise({ op, rows, columns }, a, b) {
      const shape = [rows, columns];
      const [x, y] = [numpy.array(a).reshape(shape), numpy.array(b).reshape(shape)];
      return computation(jax, x, y, operations(jax)[op]);
    },
    trainer: (work, initial) => createTrainer(jax, work, initial),
  };
};
