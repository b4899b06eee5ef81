// The page of mlp.ts with the WASM backend beside the default; the budget bundles it whole. It is never run.
import { cpu } from "@chainrule/backend-cpu";
import { wasm } from "@chainrule/backend-wasm";
import { registerBackend, setBackend, tensor } from "@chainrule/core";
import { Linear, ReLU, Sequential, crossEntropy } from "@chainrule/nn";
import { Adam } from "@chainrule/optim";

registerBackend(cpu);
registerBackend(wasm);
await setBackend("wasm");

export const model = new Sequential(new Linear(784, 128), new ReLU(), new Linear(128, 10));
export const optimizer = new Adam({ lr: 1e-3 });
export { crossEntropy, tensor };
