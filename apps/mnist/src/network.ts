import { Conv2d, Flatten, Lambda, Linear, MaxPool2d, type Module, ReLU, Sequential } from "@chainrule/nn";
import { Adam, AdamW, type Optimizer, SGD } from "@chainrule/optim";
import type { ModelName, OptimizerName } from "./settings.ts";

/** Units in the MLP's hidden layer. */
const hidden = 128;

/** The network by its name, with fresh weights from core's default generator. */
export function createModel(name: ModelName, inputs: number): Module {
  switch (name) {
    case "linear":
      return new Sequential(new Linear(inputs, 10));
    case "mlp":
      return new Sequential(new Linear(inputs, hidden), new ReLU(), new Linear(hidden, 10));
    case "lenet":
      return createLenet(Math.sqrt(inputs));
  }
}

/** LeNet-5 with today's parts, rectifiers and the largest of each window, for square images. */
function createLenet(side: number): Module {
  const last = Math.floor((Math.floor(side / 2) - 4) / 2);
  return new Sequential(
    new Lambda((x) => x.reshape(-1, 1, side, side)),
    new Conv2d(1, 6, 5, { padding: 2 }),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(6, 16, 5),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(16 * last ** 2, 120),
    new ReLU(),
    new Linear(120, 84),
    new ReLU(),
    new Linear(84, 10),
  );
}

/** Its layers in a few characters. */
export function describeModel(name: ModelName, inputs: number): string {
  if (name === "lenet") return "6c5-p2-16c5-p2-120-84-10";
  return name === "linear" ? `${inputs}-10` : `${inputs}-${hidden}-10`;
}

/** The optimiser by its name; rates that train this network well in a few epochs are the defaults. */
export function createOptimizer(name: OptimizerName, lr?: number): Optimizer {
  switch (name) {
    case "adam":
      return new Adam({ lr: lr ?? 6e-3 });
    case "adamw":
      return new AdamW({ lr: lr ?? 6e-3 });
    case "sgd":
      return new SGD({ lr: lr ?? 0.1, momentum: 0.9 });
  }
}

/** Number of trained values. */
export function countParameters(model: Module): number {
  return model.parameters().reduce((sum, { size }) => sum + size, 0);
}
