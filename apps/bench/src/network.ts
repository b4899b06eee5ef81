/** Dense layers. Classifiers have ReLU and softmax cross-entropy; `tanh` networks end in a mean squared error. */
export interface DenseNetwork {
  readonly kind: "dense";
  readonly layers: readonly number[];
  readonly activation: "relu" | "tanh";
}

/**
 * Convolutions that keep the size of square images [N, C, S, S], each with ReLU and max-pooling by 2; then dense layers
 * with ReLU between them, the first as wide as the flattened images.
 */
export interface ConvolutionalNetwork {
  readonly kind: "convolutional";
  readonly size: number;
  /** Of the images and of each convolution. */
  readonly channels: readonly number[];
  readonly kernel: number;
  readonly layers: readonly number[];
}

/** One LSTM layer over sequences [T, N, I], then a dense layer on its last output. */
export interface RecurrentNetwork {
  readonly kind: "recurrent";
  readonly steps: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly classes: number;
}

/**
 * One layer of a transformer's encoder over sequences [N, T, E], without dropout, with ReLU and with the normalisation
 * after each part; then a dense layer on the mean over time.
 */
export interface EncoderNetwork {
  readonly kind: "encoder";
  readonly steps: number;
  readonly features: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly classes: number;
}

/** What is trained. All but `tanh` networks are classifiers with softmax cross-entropy. */
export type Network = DenseNetwork | ConvolutionalNetwork | RecurrentNetwork | EncoderNetwork;

/** A parameter as PyTorch lays it out; its initial values are within `scale` around `centre`. */
export interface ParameterShape {
  readonly shape: readonly number[];
  readonly centre: number;
  readonly scale: number;
}

const product = (shape: readonly number[]): number => shape.reduce((size, extent) => size * extent, 1);

/** A weight [out, …] and so many biases [out], within ±1/√(inputs of one output). */
function affine(shape: readonly [out: number, ...inputs: number[]], biases: number = 1): ParameterShape[] {
  const scale = 1 / Math.sqrt(product(shape.slice(1)));
  return [shape, ...Array.from({ length: biases }, () => [shape[0]])].map((shape) => ({
    shape,
    centre: 0,
    scale,
  }));
}

const dense = (layers: readonly number[]): ParameterShape[] =>
  layers.slice(1).flatMap((out, i) => affine([out, layers[i]!]));

/** The parameters in the order of PyTorch's `model.parameters()`. */
export function parametersOf(network: Network): ParameterShape[] {
  switch (network.kind) {
    case "dense":
      return dense(network.layers);
    case "convolutional": {
      const { channels, kernel, layers } = network;
      const filters = channels.slice(1).flatMap((out, i) => affine([out, channels[i]!, kernel, kernel]));
      return [...filters, ...dense(layers)];
    }
    case "recurrent": {
      const { inputs, hidden, classes } = network;
      const [weightIh] = affine([4 * hidden, inputs], 0);
      const [weightHh, ...biases] = affine([4 * hidden, hidden], 2);
      return [weightIh!, weightHh!, ...biases, ...dense([hidden, classes])];
    }
    case "encoder": {
      const { features, feedForward, classes } = network;
      const norm = [1, 0].map((centre) => ({ shape: [features], centre, scale: 0 }));
      return [
        ...affine([3 * features, features]),
        ...affine([features, features]),
        ...dense([features, feedForward, features]),
        ...norm,
        ...norm,
        ...dense([features, classes]),
      ];
    }
  }
}

/** The shape of a batch of inputs. */
export function inputShapeOf(network: Network, batch: number): number[] {
  switch (network.kind) {
    case "dense":
      return [batch, network.layers[0]!];
    case "convolutional":
      return [batch, network.channels[0]!, network.size, network.size];
    case "recurrent":
      return [network.steps, batch, network.inputs];
    case "encoder":
      return [batch, network.steps, network.features];
  }
}

/** Numbers of one example. */
export const exampleSizeOf = (network: Network): number => product(inputShapeOf(network, 1));

/** Numbers that the network gives for one example. */
export function outputsOf(network: Network): number {
  return "classes" in network ? network.classes : network.layers.at(-1)!;
}

/** Whether targets are class indices and the loss is softmax cross-entropy. */
export const isClassifier = (network: Network): boolean =>
  network.kind !== "dense" || network.activation === "relu";

/**
 * Multiply-adds of the products of one training step on one example. Nobody needs the gradient of the input, so what
 * reads it has one backward product, the others two.
 */
export function multiplyAddsOf(network: Network): number {
  /** Multiply-adds of the forward products, those that read the input first. */
  const step = ([first, ...others]: readonly number[]): number =>
    2 * first! + 3 * others.reduce((sum, count) => sum + count, 0);
  const denseCounts = (layers: readonly number[]): number[] =>
    layers.slice(1).map((out, i) => out * layers[i]!);
  switch (network.kind) {
    case "dense":
      return step(denseCounts(network.layers));
    case "convolutional": {
      const { channels, kernel, size, layers } = network;
      const filters = channels.slice(1).map((out, i) => {
        const side = size / 2 ** i;
        return side * side * out * channels[i]! * kernel * kernel;
      });
      return step([...filters, ...denseCounts(layers)]);
    }
    case "recurrent": {
      const { steps, inputs, hidden, classes } = network;
      return step([steps * 4 * hidden * inputs, steps * 4 * hidden * hidden, hidden * classes]);
    }
    case "encoder": {
      const { steps, features, feedForward, classes } = network;
      const scores = 2 * steps * steps * features;
      const rest = scores + steps * features * (features + 2 * feedForward) + features * classes;
      // The input is also added to what attention makes of it, but its own gradient is still not needed.
      return step([steps * features * 3 * features, rest]);
    }
  }
}
