import type { ElementwiseOp, Form, TrainingCase, WorkCase } from "./case.ts";
import type { BenchName, ImplementationName } from "./names.ts";

/** A row's work under the name that the report gives it. */
export interface NamedCase {
  readonly name: string;
  readonly work: WorkCase;
  /** Who takes part; everyone unless given. */
  readonly participants?: (name: ImplementationName) => boolean;
}

type Optimizer = TrainingCase["optimizer"];

const optimizerNames: Readonly<Record<Optimizer, string>> = { sgd: "SGD", adam: "Adam" };

/** Rates that training uses; results are checked with them. */
const usualRates: Readonly<Record<Optimizer, number>> = { sgd: 0.1, adam: 1e-3 };

/**
 * While steps are timed they take the same batch over and over. At the usual rate that would end in gradients that are
 * zero or denormal, which is not the work of training.
 */
const timedRate = 1e-8;

/** The case as it is timed. */
export const asTimed = (work: WorkCase): WorkCase =>
  work.kind === "training" ? { ...work, learningRate: timedRate } : work;

function products(sizes: readonly number[], forms: readonly Form[]): NamedCase[] {
  return sizes.flatMap((n) =>
    forms.map((form): NamedCase => ({ name: `${n} ${form}`, work: { kind: "product", n, form } })),
  );
}

function elementwise(
  ops: readonly ElementwiseOp[],
  shapes: readonly (readonly [string, number, number])[],
): NamedCase[] {
  return ops.flatMap((op) =>
    shapes.map(([size, rows, columns]): NamedCase => ({
      name: `${op === "chain" ? "chain of six" : op} ${size}`,
      work: { kind: "elementwise", op, rows, columns },
    })),
  );
}

/** A step of a network; classifiers have ReLU, the tiny one tanh. */
export function trainingCase(layers: readonly number[], optimizer: Optimizer, batch: number): TrainingCase {
  return {
    kind: "training",
    layers,
    activation: layers.at(-1) === 1 ? "tanh" : "relu",
    optimizer,
    learningRate: usualRates[optimizer],
    batch,
    captured: true,
  };
}

const named = (work: TrainingCase): NamedCase => ({
  name: `${work.layers.join("-")} ${optimizerNames[work.optimizer]} B=${work.batch}`,
  work,
});

/** What captures or compiles no step by itself runs as it always does; jax-js is meant for `jit` alone. */
function uncaptured(): NamedCase {
  const { name, work } = named(trainingCase([784, 128, 10], "adam", 32));
  return {
    name: `${name} uncaptured`,
    work: { ...(work as TrainingCase), captured: false },
    participants: (implementation) => implementation !== "jax-js-wasm",
  };
}

const networks = [
  [784, 30, 10],
  [784, 128, 10],
  [784, 512, 512, 10],
];
const optimizers = ["sgd", "adam"] as const;
const large = ["1M", 1024, 1024] as const;
const small = ["1k", 32, 32] as const;

const tiny = optimizers.map((optimizer) => named(trainingCase([2, 8, 1], optimizer, 4)));

const full: Partial<Record<BenchName, readonly NamedCase[]>> = {
  matmul: products([64, 128, 256, 512, 1024], ["NN", "NT", "TN"]),
  elementwise: elementwise(["chain", "exp", "softmax", "sum"], [small, large]),
  "mlp-step": [
    ...networks.flatMap((layers) =>
      optimizers.flatMap((optimizer) =>
        [1, 32, 128, 512].map((batch) => named(trainingCase(layers, optimizer, batch))),
      ),
    ),
    // The batch that most programs begin with.
    named(trainingCase([784, 128, 10], "adam", 64)),
    uncaptured(),
  ],
  "tiny-step": tiny,
};

const brief: typeof full = {
  matmul: [...products([256], ["NN", "TN"]), ...products([512], ["NN"])],
  elementwise: elementwise(["chain", "softmax"], [large]),
  "mlp-step": [
    ...[1, 32, 64, 128].map((batch) => named(trainingCase([784, 128, 10], "adam", batch))),
    uncaptured(),
  ],
  "tiny-step": tiny.slice(0, 1),
};

/** The cases of a bench that times repeated work; undefined for the others. */
export const casesOf = (bench: BenchName, isQuick: boolean): readonly NamedCase[] | undefined =>
  (isQuick ? brief : full)[bench];
