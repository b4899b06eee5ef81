import { Generator, type Tensor } from "@chainrule/core";
import { ArrayDataset } from "@chainrule/data";
import * as nn from "@chainrule/nn";
import { run, type Route, type Task } from "./run.ts";

const classes = 4;

/** Images [640, 1, 20, 20] of noise with a bright square in one corner, which is the label. */
function corners(): ArrayDataset {
  const [count, side] = [640, 20];
  const generator = new Generator(11);
  const x = Float32Array.from({ length: count * side * side }, (_, i) => {
    const [image, row, column] = [Math.floor(i / side ** 2), Math.floor(i / side) % side, i % side];
    const inside = Math.floor(row / 10) === (image & 1) && Math.floor(column / 10) === ((image >> 1) & 1);
    return generator.uniform() + (inside && row % 10 < 5 && column % 10 < 5 ? 0.5 : 0);
  });
  return labelled(x, [count, 1, side, side]);
}

/** Sequences [640, 12, 5] of the time and noise; the last number is larger in one of four stretches, which is the label. */
function stretches(): ArrayDataset {
  const [count, length, features] = [640, 12, 5];
  const generator = new Generator(12);
  const x = Float32Array.from({ length: count * length * features }, (_, i) => {
    const [sequence, step] = [Math.floor(i / features / length), Math.floor(i / features) % length];
    const larger = i % features === features - 1 && Math.floor(step / 3) === sequence % classes;
    return i % features === 0 ? step / 6 - 1 : 2 * generator.uniform() - 1 + 2 * Number(larger);
  });
  return labelled(x, [count, length, features]);
}

const labelled = (data: Float32Array, shape: readonly number[]): ArrayDataset =>
  new ArrayDataset({
    x: { data, shape },
    y: { data: Int32Array.from({ length: shape[0]! }, (_, i) => i % classes), shape: [shape[0]!] },
  });

/** Class scores from the last step of a recurrent layer. */
class Reader extends nn.Module {
  readonly layer: nn.LSTM | nn.GRU;
  readonly head: nn.Linear;

  constructor(layer: nn.LSTM | nn.GRU) {
    super();
    this.layer = layer;
    this.head = new nn.Linear(layer.hiddenSize * (layer.bidirectional ? 2 : 1), classes);
  }

  override forward(x: Tensor): Tensor {
    return this.head.forward(this.layer.forward(x)[0].slice(null, -1));
  }
}

const sequenceTask = (build: Task["build"]): Task => ({
  build,
  data: stretches(),
  batchSize: 32,
  epochs: 1,
  lr: 1e-2,
});

/** Small nets of every kind that takes more than dense layers, each with twenty steps to train. */
const tasks = {
  /** LeNet's layers in small, with batch normalisation and dropout. */
  cnn: (): Task => ({
    build: () =>
      new nn.Sequential(
        new nn.Conv2d(1, 6, 5, { padding: 2 }),
        new nn.BatchNorm2d(6),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Conv2d(6, 16, 5),
        new nn.ReLU(),
        new nn.AvgPool2d(2),
        new nn.Flatten(),
        new nn.Dropout(0.2),
        new nn.Linear(144, classes),
      ),
    data: corners(),
    batchSize: 32,
    epochs: 1,
    lr: 5e-3,
  }),
  lstm: () => sequenceTask(() => new Reader(new nn.LSTM(5, 16, { batchFirst: true, bidirectional: true }))),
  gru: () =>
    sequenceTask(() => new Reader(new nn.GRU(5, 16, { batchFirst: true, numLayers: 2, dropout: 0.1 }))),
  attention: () =>
    sequenceTask(
      () =>
        new nn.Sequential(
          new nn.Linear(5, 16),
          new nn.TransformerEncoderLayer(16, 4, { batchFirst: true, feedForward: 32, activation: "gelu" }),
          new nn.Lambda((x) => x.max(1)),
          new nn.Linear(16, classes),
        ),
    ),
} satisfies Record<string, () => Task>;

export type NetName = keyof typeof tasks;

export const netNames = Object.keys(tasks) as readonly NetName[];

/** Of the relative difference of losses: float32's rounding in sums of other orders over twenty steps came to 7e-7. */
export const netTolerance = 1e-5;

/** What a run of a net came to. */
export interface NetReport {
  /** Of the backend that it began on. */
  readonly mode: string;
  readonly losses: readonly number[];
  /** The parameters and buffers after training, one after another. */
  readonly state: readonly number[];
}

/** Trains one of the nets on the way that the route says. */
export async function trainNet(name: NetName, route: Route): Promise<NetReport> {
  const { started, model, losses } = await run(tasks[name](), route);
  const values = await Promise.all(Object.values(model.stateDict()).map((value) => value.data()));
  return { mode: started.mode, losses, state: values.flatMap((all) => Array.from(all)) };
}
