import { createRequire } from "node:module";
import { join } from "node:path";
import {
  type ConvolutionCase,
  type ConvolutionShape,
  type ElementwiseOp,
  outputSize,
  type TrainingCase,
} from "../case.ts";
import type { ConvolutionOperands } from "../inputs.ts";
import { exampleSizeOf, isClassifier, outputsOf } from "../network.ts";
import type { Computation, Implementation, Trainer } from "./implementation.ts";
import { fromStored, type Layout, reordered, toStored } from "./layout.ts";
import type { Tensor, Tfjs } from "./tfjs-api.ts";
import { tfjsNetwork } from "./tfjs-networks.ts";

const operations: Readonly<Record<ElementwiseOp, (tf: Tfjs, x: Tensor, y: Tensor) => Tensor>> = {
  chain: (tf, x, y) => tf.sqrt(tf.square(tf.sub(tf.relu(tf.add(tf.mul(x, y), x)), y))),
  exp: (tf, x) => tf.exp(x),
  softmax: (tf, x) => tf.softmax(x),
  sum: (tf, x) => tf.sum(x),
};

/** Images and filters with the channels last, as its kernels want them. */
function convolution(
  tf: Tfjs,
  shape: ConvolutionShape,
  pass: ConvolutionCase["pass"],
  operands: ConvolutionOperands,
): Computation {
  const { batch, inChannels, outChannels, size, kernel, stride, padding } = shape;
  const side = outputSize(shape);
  const images = reordered([batch, inChannels, size, size], [0, 2, 3, 1]);
  const filters = reordered([outChannels, inChannels, kernel, kernel], [2, 3, 1, 0]);
  const outputs = reordered([batch, outChannels, side, side], [0, 2, 3, 1]);
  const stored = (values: Float32Array, layout: Layout): Tensor =>
    tf.tensor(toStored(values, layout), layout.stored);
  const x = stored(operands.x, images);
  const w = stored(operands.w, filters);
  const dy = stored(operands.dy, outputs);
  const passes = {
    forward: {
      layout: outputs,
      body: () => tf.conv2d(x, w, stride, padding, "NHWC", 1, "floor"),
    },
    input: {
      layout: images,
      body: () => tf.conv2dTranspose(dy, w, images.stored, stride, padding, "floor"),
    },
    weight: {
      layout: filters,
      // What its own derivative of conv2d calls; there is no function for it.
      body: () => {
        const attributes = { strides: stride, pad: padding, dataFormat: "NHWC", dimRoundingMode: "floor" };
        const filterShape = filters.stored;
        return tf.engine().runKernel("Conv2DBackpropFilter", { x, dy }, { ...attributes, filterShape });
      },
    },
  };
  const { layout, body } = passes[pass];
  const computed = computation(tf, [x, w, dy], body);
  return { ...computed, read: async () => fromStored(await computed.read(), layout) };
}

function computation(tf: Tfjs, operands: readonly Tensor[], body: () => Tensor): Computation {
  let result: Tensor | undefined;
  return {
    repeat(times) {
      for (let i = 0; i < times; i++) {
        result?.dispose();
        result = tf.tidy(body);
      }
    },
    read: () => result!.data(),
    dispose: () => tf.dispose([...operands, result]),
  };
}

function createTrainer(tf: Tfjs, work: TrainingCase, initial: readonly Float32Array[]): Trainer {
  const { network } = work;
  const { parameters: layouts, input, forward } = tfjsNetwork(tf, network);
  const exampleSize = exampleSizeOf(network);
  const outputs = outputsOf(network);
  const variables = initial.map((values, i) => {
    const value = tf.tensor(toStored(values, layouts[i]!), layouts[i]!.stored);
    return tf.variable(value, true, `parameter-${i}`);
  });
  // Its own default of epsilon is 1e-7; everyone else's is 1e-8.
  const optimizer =
    work.optimizer === "adam"
      ? tf.train.adam(work.learningRate, 0.9, 0.999, 1e-8)
      : tf.train.sgd(work.learningRate);
  const inputOf = (values: Float32Array): Tensor => {
    const layout = input(values.length / exampleSize);
    return tf.tensor(toStored(values, layout), layout.stored);
  };
  let x: Tensor | undefined;
  let target: Tensor | undefined;
  let loss: Tensor | undefined;
  const lossOf = (): Tensor =>
    isClassifier(network)
      ? tf.losses.softmaxCrossEntropy(target!, forward(x!, variables))
      : tf.mean(tf.square(tf.sub(forward(x!, variables), target!)));
  return {
    load(batch) {
      tf.dispose([x, target]);
      const rows = batch.x.length / exampleSize;
      x = inputOf(batch.x);
      // Its cross-entropy takes no class indices: one-hot labels are made once, as its users do.
      target = tf.tidy(() =>
        isClassifier(network)
          ? tf.oneHot(tf.tensor(batch.target, [rows], "int32"), outputs)
          : tf.tensor(batch.target, [rows, outputs]),
      );
    },
    steps(count) {
      for (let i = 0; i < count; i++) {
        loss?.dispose();
        loss = optimizer.minimize(lossOf, true, variables);
      }
    },
    loss: async () => (await loss!.data())[0]!,
    parameters: () =>
      Promise.all(variables.map(async (variable, i) => fromStored(await variable.data(), layouts[i]!))),
    async outputs(rows) {
      const result = tf.tidy(() => forward(inputOf(rows), variables));
      const values = await result.data();
      result.dispose();
      return values;
    },
    dispose() {
      optimizer.dispose();
      tf.dispose([...variables, x, target, loss]);
    },
  };
}

/** TensorFlow.js on one of its backends, from the folder of peers. */
export async function openTfjs(backend: "cpu" | "wasm", peers: string): Promise<Implementation> {
  const require = createRequire(join(peers, "package.json"));
  const tf = require("@tensorflow/tfjs") as Tfjs;
  if (backend === "wasm") require("@tensorflow/tfjs-backend-wasm");
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs cannot start its ${backend} backend`);
  await tf.ready();
  return {
    version: tf.version["tfjs-core"],
    mode: backend === "wasm" ? "simd" : "javascript",
    threads: 1,
    product({ n, form }, a, b) {
      const [x, y] = [tf.tensor(a, [n, n]), tf.tensor(b, [n, n])];
      return computation(tf, [x, y], () => tf.matMul(x, y, form === "TN", form === "NT"));
    },
    elementwise({ op, rows, columns }, a, b) {
      const [x, y] = [tf.tensor(a, [rows, columns]), tf.tensor(b, [rows, columns])];
      return computation(tf, [x, y], () => operations[op](tf, x, y));
    },
    convolution: ({ shape, pass }, { x, w, dy }) => convolution(tf, shape, pass, { x, w, dy }),
    trainer: (work, initial) => createTrainer(tf, work, initial),
  };
}
