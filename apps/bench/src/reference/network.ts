import { type Network, parametersOf } from "../network.ts";
import { attend, layerNorm, meanOverTime } from "./attention.ts";
import { dense } from "./dense.ts";
import { convolution, maxPool } from "./images.ts";
import { type Layer, type Parameter, relu, residual, sequential, tanh } from "./layer.ts";
import { lstm } from "./lstm.ts";

/** The network in float64 over parameters in the order of `parametersOf`. */
export function referenceNetwork(network: Network, batch: number, parameters: readonly Parameter[]): Layer {
  const rest = parameters.values();
  /** The next two: a weight and its bias. */
  const pair = (): [Parameter, Parameter] => [rest.next().value!, rest.next().value!];
  const denseLayers = (layers: readonly number[], activation: () => Layer): Layer[] =>
    layers.slice(1).flatMap((_, i) => [...(i === 0 ? [] : [activation()]), dense(...pair())]);
  if (parameters.length !== parametersOf(network).length) {
    throw new RangeError(`a ${network.kind} network does not have ${parameters.length} parameters`);
  }
  switch (network.kind) {
    case "dense":
      return sequential(...denseLayers(network.layers, network.activation === "relu" ? relu : tanh));
    case "convolutional": {
      const { channels, kernel, layers } = network;
      const filters = channels.slice(1).flatMap((outChannels, i) => {
        const size = network.size / 2 ** i;
        const shape = { batch, inChannels: channels[i]!, outChannels, size, kernel, stride: 1 };
        return [convolution({ ...shape, padding: (kernel - 1) / 2 }, ...pair()), relu(), maxPool(size)];
      });
      return sequential(...filters, ...denseLayers(layers, relu));
    }
    case "recurrent":
      return sequential(lstm(network.steps, ...pair(), pair()), dense(...pair()));
    case "encoder": {
      const { steps, features, heads } = network;
      const attention = sequential(dense(...pair()), attend(steps, features, heads), dense(...pair()));
      const inner = sequential(dense(...pair()), relu(), dense(...pair()));
      return sequential(
        residual(attention),
        layerNorm(...pair()),
        residual(inner),
        layerNorm(...pair()),
        meanOverTime(steps, features),
        dense(...pair()),
      );
    }
  }
}
