import { compile, registerBackend, setBackend, realizeSync, type Tensor, tensor } from "@chainrule/core";
import { Conv2d, crossEntropy, mseLoss } from "@chainrule/nn";
import { Adam, SGD } from "@chainrule/optim";
import { type ElementwiseOp, outputSize, type TrainingCase } from "../case.ts";
import type { Batch } from "../inputs.ts";
import { exampleSizeOf, inputShapeOf, isClassifier, outputsOf } from "../network.ts";
import { chainruleNetwork } from "./chainrule-networks.ts";
import type { Watched } from "./watch-memory.ts";
import type { Computation, Implementation, Trainer } from "./implementation.ts";

const operations: Readonly<Record<ElementwiseOp, (x: Tensor, y: Tensor) => Tensor>> = {
  chain: (x, y) => x.mul(y).add(x).relu().sub(y).square().sqrt(),
  exp: (x) => x.exp(),
  softmax: (x) => x.softmax(-1),
  sum: (x) => x.sum(),
};

/** A captured function of two operands that stay where they are. */
function computation(
  operands: readonly [Tensor, Tensor],
  body: (x: Tensor, y: Tensor) => Tensor,
): Computation {
  const [x, y] = operands;
  const captured = compile(body, { reuseOutputs: true });
  let result = captured(x, y);
  return {
    repeat(times) {
      for (let i = 0; i < times; i++) result = captured(x, y);
    },
    read: async () => (await result.data()) as Float32Array,
    dispose() {
      for (const held of [x, y, result]) held.dispose();
    },
  };
}

function trainer(work: TrainingCase, initial: readonly Float32Array[]): Trainer {
  const { network } = work;
  const model = chainruleNetwork(network, initial);
  const parameters = model.parameters();
  const lossOf = isClassifier(network) ? crossEntropy : mseLoss;
  const options = { lr: work.learningRate };
  const optimizer = work.optimizer === "adam" ? new Adam(options) : new SGD(options);
  const graph = (x: Tensor, target: Tensor): Tensor => {
    const loss = lossOf(model.forward(x), target);
    optimizer.update(parameters, loss.gradient(...parameters));
    return loss;
  };
  const captured = compile(graph, { reuseOutputs: true });
  const forward = compile((x: Tensor) => model.forward(x));
  const exampleSize = exampleSizeOf(network);
  let x: Tensor;
  let target: Tensor;
  let loss: Tensor;
  return {
    load(batch: Batch) {
      const rows = batch.x.length / exampleSize;
      x = tensor(batch.x, { shape: inputShapeOf(network, rows) });
      const shape = isClassifier(network) ? [rows] : [rows, outputsOf(network)];
      target = tensor(batch.target, { shape });
    },
    steps(count) {
      if (work.captured) {
        for (let i = 0; i < count; i++) loss = captured(x, target);
        return;
      }
      return (async () => {
        for (let i = 0; i < count; i++) {
          loss = lossOf(model.forward(x), target);
          await optimizer.minimize(loss, parameters);
        }
      })();
    },
    loss: () => loss.item(),
    parameters: async () => {
      const read: Float32Array[] = [];
      for (const parameter of parameters) read.push((await parameter.data()) as Float32Array);
      return read;
    },
    outputs: async (rows) => {
      const shape = inputShapeOf(network, rows.length / exampleSize);
      return (await forward(tensor(rows, { shape })).data()) as Float32Array;
    },
    dispose() {
      for (const held of [...parameters, ...Object.values(optimizer.stateDict().tensors)]) held.dispose();
    },
  };
}

/** Chainrule on one of its backends. */
export async function openChainrule({ plugin, held }: Watched, version: string): Promise<Implementation> {
  registerBackend(plugin);
  const backend = await setBackend(plugin.name);
  // A GPU backend says on which adapter it runs.
  const mode = "adapter" in backend ? `${backend.mode} on ${String(backend.adapter)}` : backend.mode;
  return {
    version,
    mode,
    threads: backend.threads,
    product({ n, form }, a, b) {
      const operands = [tensor(a, { shape: [n, n] }), tensor(b, { shape: [n, n] })] as const;
      realizeSync(...operands);
      return computation(operands, (x, y) => (form === "TN" ? x.T : x).matmul(form === "NT" ? y.T : y));
    },
    convolution: ({ shape, pass }, { x, w, dy }) => {
      const { batch, inChannels, outChannels, size, kernel, stride, padding } = shape;
      const layer = new Conv2d(inChannels, outChannels, kernel, { stride, padding, bias: false });
      layer.weight.assign(tensor(w, { shape: layer.weight.shape }));
      const side = outputSize(shape);
      const images = tensor(x, { shape: [batch, inChannels, size, size] });
      const slope = tensor(dy, { shape: [batch, outChannels, side, side] });
      realizeSync(images, slope, layer.weight);
      const computed = computation([images, slope], (x, dy) => {
        const y = layer.forward(x);
        if (pass === "forward") return y;
        const [gradient] = y
          .mul(dy)
          .sum()
          .gradient(pass === "input" ? x : layer.weight);
        return gradient!;
      });
      return {
        ...computed,
        dispose() {
          computed.dispose();
          layer.weight.dispose();
        },
      };
    },
    elementwise({ op, rows, columns }, x, y) {
      const shape = [rows, columns];
      const operands = [tensor(x, { shape }), tensor(y, { shape })] as const;
      realizeSync(...operands);
      return computation(operands, operations[op]);
    },
    trainer,
    ...(held && { held }),
  };
}
