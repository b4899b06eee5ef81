import type { TrainingCase } from "../case.ts";
import { exampleSizeOf, inputShapeOf, isClassifier, outputsOf, parametersOf } from "../network.ts";
import type { Trainer } from "./implementation.ts";
import type { Arr, Jax } from "./jax-js-api.ts";
import { jaxForward } from "./jax-js-networks.ts";

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

export function createTrainer(jax: Jax, work: TrainingCase, initial: readonly Float32Array[]): Trainer {
  const { numpy, nn } = jax;
  const { network, learningRate } = work;
  const exampleSize = exampleSizeOf(network);
  const outputs = outputsOf(network);
  const shapes = parametersOf(network);
  const forward = jaxForward(jax, network);
  const lossOf = (parameters: Arr[], x: Arr, target: Arr): Arr => {
    const value = forward(parameters, x);
    if (!isClassifier(network)) return numpy.square(value.sub(target)).mean();
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
  const parameter = (values: Float32Array, i: number): Arr => array(values, shapes[i]!.shape);
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
      const rows = batch.x.length / exampleSize;
      x = array(batch.x, inputShapeOf(network, rows));
      target = isClassifier(network)
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
        array(rows, inputShapeOf(network, rows.length / exampleSize)),
      ).data(),
    dispose() {
      for (const held of [...parameters, ...state, x, target, loss]) held?.dispose();
      step.dispose();
      predict.dispose();
    },
  };
}
