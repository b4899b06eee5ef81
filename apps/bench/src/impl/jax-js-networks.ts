import type {
  ConvolutionalNetwork,
  DenseNetwork,
  EncoderNetwork,
  Network,
  RecurrentNetwork,
} from "../network.ts";
import type { Arr, Jax } from "./jax-js-api.ts";

/** The outputs for a batch; the arguments are consumed. */
export type JaxForward = (parameters: readonly Arr[], x: Arr) => Arr;

/** x·Wᵀ + b over the last axis. Weights are [out, in]: its own examples have [in, out], which is slower here. */
const affine = ({ numpy }: Jax, x: Arr, weight: Arr, bias: Arr): Arr =>
  numpy.matmul(x, numpy.transpose(weight)).add(bias);

/** Dense layers over pairs of weight and bias, an activation after all but the last. */
function dense(jax: Jax, x: Arr, parameters: readonly Arr[], activation: (a: Arr) => Arr): Arr {
  let value = x;
  for (let i = 0; i < parameters.length; i += 2) {
    value = affine(jax, value, parameters[i]!, parameters[i + 1]!);
    if (i < parameters.length - 2) value = activation(value);
  }
  return value;
}

const denseForward =
  (jax: Jax, { activation }: DenseNetwork): JaxForward =>
  (parameters, x) =>
    dense(jax, x, parameters, activation === "relu" ? jax.nn.relu : jax.numpy.tanh);

function convolutionalForward(jax: Jax, { channels, layers }: ConvolutionalNetwork): JaxForward {
  const { lax, nn, numpy } = jax;
  const filters = 2 * (channels.length - 1);
  return (parameters, x) => {
    const [batch = 1] = x.shape;
    let value = x;
    for (let i = 0; i < filters; i += 2) {
      const bias = parameters[i + 1]!.reshape([-1, 1, 1]);
      const mapped = lax.conv(value, parameters[i]!, [1, 1], "SAME").add(bias);
      value = lax.reduceWindow(nn.relu(mapped), (window) => numpy.max(window), [2, 2], [2, 2]);
    }
    return dense(jax, value.reshape([batch, layers[0]!]), parameters.slice(filters), nn.relu);
  };
}

function recurrentForward(jax: Jax, { steps, inputs, hidden }: RecurrentNetwork): JaxForward {
  const { numpy, nn } = jax;
  return ([weightIh, weightHh, biasIh, biasHh, ...head], x) => {
    const [, batch = 1] = x.shape;
    // What comes from the inputs is one product for all steps.
    const projected = affine(jax, x.reshape([steps * batch, inputs]), weightIh!, biasIh!).reshape([
      steps,
      batch,
      4 * hidden,
    ]);
    let state = numpy.zeros([batch, hidden]);
    let cell = numpy.zeros([batch, hidden]);
    for (let t = 0; t < steps; t++) {
      const gates = projected.ref.slice(t).add(affine(jax, state, weightHh!.ref, biasHh!.ref));
      const [input, forget, candidate, output] = numpy.split(gates, 4, 1);
      const added = nn.sigmoid(input!).mul(numpy.tanh(candidate!));
      cell = nn.sigmoid(forget!).mul(cell).add(added);
      state = nn.sigmoid(output!).mul(numpy.tanh(cell.ref));
    }
    for (const held of [projected, weightHh!, biasHh!, cell]) held.dispose();
    return dense(jax, state, head, nn.relu);
  };
}

function encoderForward(jax: Jax, { steps, features, heads }: EncoderNetwork): JaxForward {
  const { numpy, nn } = jax;
  const layerNorm = (x: Arr, weight: Arr, bias: Arr): Arr => nn.standardize(x, -1).mul(weight).add(bias);
  return (parameters, x) => {
    const [weightIn, biasIn, weightOut, biasOut, ...rest] = parameters;
    const [batch = 1] = x.shape;
    const rows = x.reshape([batch * steps, features]);
    const [query, key, value] = numpy
      .split(affine(jax, rows.ref, weightIn!, biasIn!), 3, 1)
      .map((part) => part.reshape([batch, steps, heads, features / heads]));
    const attended = nn.dotProductAttention(query!, key!, value!).reshape([batch * steps, features]);
    const first = layerNorm(rows.add(affine(jax, attended, weightOut!, biasOut!)), rest[4]!, rest[5]!);
    const inner = dense(jax, first.ref, rest.slice(0, 4), nn.relu);
    const second = layerNorm(first.add(inner), rest[6]!, rest[7]!);
    return dense(jax, second.reshape([batch, steps, features]).mean(1), rest.slice(8), nn.relu);
  };
}

export function jaxForward(jax: Jax, network: Network): JaxForward {
  switch (network.kind) {
    case "dense":
      return denseForward(jax, network);
    case "convolutional":
      return convolutionalForward(jax, network);
    case "recurrent":
      return recurrentForward(jax, network);
    case "encoder":
      return encoderForward(jax, network);
  }
}
