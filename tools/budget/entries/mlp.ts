// What a page that trains a small MLP ships; the budget bundles it whole. It is never run.
import { cpu } from "@chainrule/backend-cpu";
import { registerBackend, setBackend, tensor } from "@chainrule/core";
import { Linear, ReLU, Sequential, crossEntropy } from "@chainrule/nn";
import { Adam } from "@chainrule/optim";

registerBackend(cpu);
await setBackend("cpu");

export const model = new Sequential(new Linear(784, 128), new ReLU(), new Linear(128, 10));
export const optimizer = new Adam({ lr: 1e-3 });
export { crossEntropy, tensor };
