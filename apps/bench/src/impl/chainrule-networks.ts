import { type Tensor, tensor } from "@chainrule/core";
import {
  Conv2d,
  Flatten,
  Linear,
  LSTM,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
  Tanh,
  TransformerEncoderLayer,
} from "@chainrule/nn";
import {
  type ConvolutionalNetwork,
  type DenseNetwork,
  type EncoderNetwork,
  type Network,
  parametersOf,
  type RecurrentNetwork,
} from "../network.ts";

/** Dense layers with an activation after all but the last. */
function dense({ layers, activation }: Pick<DenseNetwork, "layers" | "activation">): Module[] {
  const last = layers.length - 2;
  return layers.slice(1).flatMap((out, i): Module[] => {
    const linear = new Linear(layers[i]!, out);
    if (i === last) return [linear];
    return [linear, activation === "relu" ? new ReLU() : new Tanh()];
  });
}

function convolutional({ channels, kernel, layers }: ConvolutionalNetwork): Module {
  const filters = channels
    .slice(1)
    .flatMap((out, i): Module[] => [
      new Conv2d(channels[i]!, out, kernel, { padding: "same" }),
      new ReLU(),
      new MaxPool2d(2),
    ]);
  return new Sequential(...filters, new Flatten(), ...dense({ layers, activation: "relu" }));
}

class SequenceReader extends Module {
  readonly lstm: LSTM;
  readonly head: Linear;

  constructor({ inputs, hidden, classes }: RecurrentNetwork) {
    super();
    this.lstm = new LSTM(inputs, hidden);
    this.head = new Linear(hidden, classes);
  }

  override forward(x: Tensor): Tensor {
    const [, [hidden]] = this.lstm.forward(x);
    return this.head.forward(hidden.squeeze(0));
  }
}

class Encoder extends Module {
  readonly layer: TransformerEncoderLayer;
  readonly head: Linear;

  constructor({ features, heads, feedForward, classes }: EncoderNetwork) {
    super();
    this.layer = new TransformerEncoderLayer(features, heads, { feedForward, dropout: 0, batchFirst: true });
    this.head = new Linear(features, classes);
  }

  override forward(x: Tensor): Tensor {
    return this.head.forward(this.layer.forward(x).mean(1));
  }
}

function layersOf(network: Network): Module {
  switch (network.kind) {
    case "dense":
      return new Sequential(...dense(network));
    case "convolutional":
      return convolutional(network);
    case "recurrent":
      return new SequenceReader(network);
    case "encoder":
      return new Encoder(network);
  }
}

/** The network with these parameters. */
export function chainruleNetwork(network: Network, initial: readonly Float32Array[]): Module {
  const model = layersOf(network);
  const shapes = parametersOf(network);
  for (const [i, parameter] of model.parameters().entries()) {
    parameter.assign(tensor(initial[i]!, { shape: shapes[i]!.shape }));
  }
  return model;
}
