import {
  type ConvolutionalNetwork,
  type DenseNetwork,
  type EncoderNetwork,
  inputShapeOf,
  type Network,
  parametersOf,
  type RecurrentNetwork,
} from "../network.ts";
import { type Layout, plain, reordered } from "./layout.ts";
import type { Tensor, Tfjs } from "./tfjs-api.ts";

type Forward = (x: Tensor, parameters: readonly Tensor[]) => Tensor;

/** A network as users of tfjs write it: features last, weights [in, out]. */
export interface TfjsNetwork {
  readonly parameters: readonly Layout[];
  readonly input: (batch: number) => Layout;
  readonly forward: Forward;
}

/** x·W + b over the last axis of a matrix. */
const affine = (tf: Tfjs, x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
  tf.add(tf.matMul(x, weight), bias);

/** Dense layers over pairs of weight and bias, an activation after all but the last. */
function dense(tf: Tfjs, x: Tensor, parameters: readonly Tensor[], activation: "relu" | "tanh"): Tensor {
  let value = x;
  for (let i = 0; i < parameters.length; i += 2) {
    value = affine(tf, value, parameters[i]!, parameters[i + 1]!);
    if (i < parameters.length - 2) value = tf[activation](value);
  }
  return value;
}

const denseForward =
  (tf: Tfjs, { activation }: DenseNetwork): Forward =>
  (x, parameters) =>
    dense(tf, x, parameters, activation);

function convolutionalForward(tf: Tfjs, { channels }: ConvolutionalNetwork): Forward {
  const filters = 2 * (channels.length - 1);
  return (x, parameters) => {
    let value = x;
    for (let i = 0; i < filters; i += 2) {
      const mapped = tf.add(tf.conv2d(value, parameters[i]!, 1, "same"), parameters[i + 1]!);
      value = tf.maxPool(tf.relu(mapped), 2, 2, "valid");
    }
    return dense(tf, tf.reshape(value, [x.shape[0]!, -1]), parameters.slice(filters), "relu");
  };
}

function recurrentForward(tf: Tfjs, { steps, inputs, hidden }: RecurrentNetwork): Forward {
  return (x, [weightIh, weightHh, biasIh, biasHh, ...head]) => {
    const batch = x.shape[1]!;
    // What comes from the inputs is one product for all steps.
    const projected = affine(tf, tf.reshape(x, [steps * batch, inputs]), weightIh!, biasIh!);
    let state = tf.zeros([batch, hidden]);
    let cell = state;
    for (const step of tf.unstack(tf.reshape(projected, [steps, batch, 4 * hidden]), 0)) {
      const gates = tf.add(step, affine(tf, state, weightHh!, biasHh!));
      const [input, forget, candidate, output] = tf.split(gates, 4, 1);
      const kept = tf.mul(tf.sigmoid(forget!), cell);
      cell = tf.add(kept, tf.mul(tf.sigmoid(input!), tf.tanh(candidate!)));
      state = tf.mul(tf.sigmoid(output!), tf.tanh(cell));
    }
    return dense(tf, state, head, "relu");
  };
}

function layerNorm(tf: Tfjs, x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  const standard = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, tf.scalar(1e-5))));
  return tf.add(tf.mul(standard, weight), bias);
}

function encoderForward(tf: Tfjs, { steps, features, heads }: EncoderNetwork): Forward {
  return (x, parameters) => {
    const batch = x.shape[0]!;
    const [weightIn, biasIn, weightOut, biasOut, ...rest] = parameters as Tensor[];
    const rows = tf.reshape(x, [batch * steps, features]);
    const [query, key, value] = tf
      .split(affine(tf, rows, weightIn!, biasIn!), 3, 1)
      .map((part) => tf.transpose(tf.reshape(part, [batch, steps, heads, features / heads]), [0, 2, 1, 3]));
    const scores = tf.mul(tf.matMul(query!, key!, false, true), tf.scalar(Math.sqrt(heads / features)));
    const attended = tf.transpose(tf.matMul(tf.softmax(scores), value!), [0, 2, 1, 3]);
    const joined = tf.reshape(attended, [batch * steps, features]);
    const first = layerNorm(tf, tf.add(rows, affine(tf, joined, weightOut!, biasOut!)), rest[4]!, rest[5]!);
    const inner = dense(tf, first, rest.slice(0, 4), "relu");
    const second = layerNorm(tf, tf.add(first, inner), rest[6]!, rest[7]!);
    const mean = tf.mean(tf.reshape(second, [batch, steps, features]), 1);
    return dense(tf, mean, rest.slice(8), "relu");
  };
}

/** Matrices transposed; everything else as PyTorch has it. */
const transposedMatrices = (network: Network): Layout[] =>
  parametersOf(network).map(({ shape }) => (shape.length === 2 ? reordered(shape, [1, 0]) : plain(shape)));

/** Images and filters with the channels last; the first dense layer reads images that were flattened so. */
function convolutionalLayouts(network: ConvolutionalNetwork): Layout[] {
  const { channels, size } = network;
  const side = size / 2 ** (channels.length - 1);
  const flattened = 2 * (channels.length - 1);
  return transposedMatrices(network).map((layout, i) => {
    const [out, ...rest] = layout.shape;
    if (rest.length === 3) return reordered(layout.shape, [2, 3, 1, 0]);
    if (i !== flattened) return layout;
    return { shape: [out!, channels.at(-1)!, side, side], axes: [2, 3, 1, 0], stored: [rest[0]!, out!] };
  });
}

export function tfjsNetwork(tf: Tfjs, network: Network): TfjsNetwork {
  const parameters = transposedMatrices(network);
  const input = (batch: number): Layout => plain(inputShapeOf(network, batch));
  switch (network.kind) {
    case "dense":
      return { parameters, input, forward: denseForward(tf, network) };
    case "convolutional":
      return {
        parameters: convolutionalLayouts(network),
        input: (batch) => reordered(inputShapeOf(network, batch), [0, 2, 3, 1]),
        forward: convolutionalForward(tf, network),
      };
    case "recurrent":
      return { parameters, input, forward: recurrentForward(tf, network) };
    case "encoder":
      return { parameters, input, forward: encoderForward(tf, network) };
  }
}
