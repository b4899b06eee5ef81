import { createRequire } from "node:module";
import { join } from "node:path";
import type { ElementwiseOp, TrainingCase } from "../case.ts";
import { transposed } from "../inputs.ts";
import type { Computation, Implementation, Trainer } from "./implementation.ts";

/** As much of a tfjs tensor as is used here; peers are no dependency, so their types are not at hand. */
interface Tensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}

interface Variable extends Tensor {
  readonly name: string;
}

type Unary = "relu" | "tanh" | "square" | "sqrt" | "exp" | "softmax" | "sum" | "mean";
type Binary = "add" | "sub" | "mul";

interface Tfjs
  extends Record<Unary, (x: Tensor) => Tensor>, Record<Binary, (x: Tensor, y: Tensor) => Tensor> {
  readonly version: { readonly "tfjs-core": string };
  readonly losses: { softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor };
  readonly train: {
    sgd(learningRate: number): Optimizer;
    adam(learningRate: number, beta1: number, beta2: number, epsilon: number): Optimizer;
  };
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor(values: Float32Array | Int32Array, shape: readonly number[], dtype?: string): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  oneHot(labels: Tensor, classes: number): Tensor;
  variable(initial: Tensor, trainable: boolean, name: string): Variable;
  tidy<T>(body: () => T): T;
  dispose(held: unknown): void;
}

interface Optimizer {
  minimize(loss: () => Tensor, returnCost: boolean, variables: readonly Variable[]): Tensor;
  dispose(): void;
}

const operations: Readonly<Record<ElementwiseOp, (tf: Tfjs, x: Tensor, y: Tensor) => Tensor>> = {
  chain: (tf, x, y) => tf.sqrt(tf.square(tf.sub(tf.relu(tf.add(tf.mul(x, y), x)), y))),
  exp: (tf, x) => tf.exp(x),
  softmax: (tf, x) => tf.softmax(x),
  sum: (tf, x) => tf.sum(x),
};

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
  if (network.kind !== "dense") throw new Error(`takes no part in training ${network.kind} networks`);
  const { layers, activation } = network;
  const [inputs, outputs] = [layers[0]!, layers.at(-1)!];
  // Weights are [in, out], as its layers keep them and its products are fastest.
  const variables = initial.map((values, i) => {
    const [from, to] = [layers[i >> 1]!, layers[(i >> 1) + 1]!];
    const value = i % 2 === 0 ? tf.tensor(transposed(values, to), [from, to]) : tf.tensor(values, [to]);
    return tf.variable(value, true, `parameter-${i}`);
  });
  // Its own default of epsilon is 1e-7; everyone else's is 1e-8.
  const optimizer =
    work.optimizer === "adam"
      ? tf.train.adam(work.learningRate, 0.9, 0.999, 1e-8)
      : tf.train.sgd(work.learningRate);
  const forward = (x: Tensor): Tensor => {
    let value = x;
    for (let i = 0; i < variables.length; i += 2) {
      value = tf.add(tf.matMul(value, variables[i]!), variables[i + 1]!);
      if (i < variables.length - 2) value = activation === "relu" ? tf.relu(value) : tf.tanh(value);
    }
    return value;
  };
  let x: Tensor | undefined;
  let target: Tensor | undefined;
  let loss: Tensor | undefined;
  const lossOf = (): Tensor =>
    activation === "relu"
      ? tf.losses.softmaxCrossEntropy(target!, forward(x!))
      : tf.mean(tf.square(tf.sub(forward(x!), target!)));
  return {
    load(batch) {
      tf.dispose([x, target]);
      const rows = batch.x.length / inputs;
      x = tf.tensor(batch.x, [rows, inputs]);
      // Its cross-entropy takes no class indices: one-hot labels are made once, as its users do.
      target = tf.tidy(() =>
        activation === "relu"
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
      Promise.all(
        variables.map(async (variable, i) => {
          const values = await variable.data();
          return i % 2 === 0 ? transposed(values, layers[i >> 1]!) : values;
        }),
      ),
    async outputs(rows) {
      const result = tf.tidy(() => forward(tf.tensor(rows, [rows.length / inputs, inputs])));
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
    trainer: (work, initial) => createTrainer(tf, work, initial),
  };
}
