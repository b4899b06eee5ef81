import { gpu } from "@chainrule/backend-gpu";
import { compile, registerBackend, setBackend, tensor } from "@chainrule/core";
import { crossEntropy, Linear, ReLU, Sequential } from "@chainrule/nn";
import { Adam } from "@chainrule/optim";

registerBackend(gpu);
await setBackend("gpu");
const model = new Sequential(new Linear(784, 128), new ReLU(), new Linear(128, 10));
const optimizer = new Adam();
const parameters = model.parameters();
const step = compile((x, y) => {
  const loss = crossEntropy(model.forward(x), y);
  optimizer.update(parameters, loss.gradient(...parameters));
  return loss;
});

export const train = (x, labels) => step(tensor(x, { shape: [labels.length, 784] }), tensor(labels)).item();
