import { compile, Generator, NumericError, realize, tensor, Variable, type Tensor } from "@chainrule/core";
import type { Sequential } from "@chainrule/nn";
import { Adam, SGD } from "@chainrule/optim";
import { minimize } from "../linear/minimize.ts";
import type { MlpOptions } from "./network.ts";

/** What a network is trained on. */
export interface Task {
  readonly owner: string;
  readonly net: Sequential;
  readonly x: Tensor;
  readonly targets: Tensor;
  /** The mean loss of outputs. */
  readonly loss: (output: Tensor, targets: Tensor) => Tensor;
  /** The score of some rows under the present weights; larger is better. */
  readonly score: (rows: Int32Array) => Promise<number>;
}

/** How training went. */
export interface Training {
  /** The mean loss of each pass. */
  readonly lossCurve: readonly number[];
  /** The score of the held-out examples after each pass; empty without early stopping. */
  readonly validationScores: readonly number[];
  readonly iterations: number;
  readonly converged: boolean;
}

/** Trains the network in place. */
export function train(task: Task, options: Required<MlpOptions>): Promise<Training> {
  return options.solver === "lbfgs" ? trainWhole(task, options) : trainBatches(task, options);
}

function penalized({ net, loss }: Task, alpha: number, x: Tensor, targets: Tensor): Tensor {
  const value = loss(net.forward(x), targets);
  if (alpha === 0) return value;
  const weights = net.namedParameters().filter(([name]) => name.endsWith("weight"));
  const squares = weights.map(([, weight]) => weight.square().sum()).reduce((a, b) => a.add(b));
  return value.add(squares.mul(alpha / 2 / x.shape[0]!));
}

async function trainWhole(task: Task, { alpha, maxIter, tol }: Required<MlpOptions>): Promise<Training> {
  const { net, x, targets } = task;
  const lossOf = (): Tensor => penalized(task, alpha, x, targets);
  const { iterations, converged } = await minimize(net.parameters(), lossOf, { maxIter, tol: tol * 1e-2 });
  return { lossCurve: [await lossOf().item()], validationScores: [], iterations, converged };
}

async function trainBatches(task: Task, options: Required<MlpOptions>): Promise<Training> {
  const { owner, net, x, targets } = task;
  const { alpha, learningRateInit: lr, momentum, seed, tol, earlyStopping } = options;
  const optimizer =
    options.solver === "adam" ? new Adam({ lr }) : new SGD({ lr, momentum, nesterov: momentum > 0 });
  const parameters = net.parameters();
  const step = compile((rows: Tensor) => {
    const loss = penalized(task, alpha, x.take(rows), targets.take(rows));
    optimizer.update(parameters, loss.gradient(...parameters));
    return loss;
  });
  // A stream of its own: the first weights stay the same whatever is drawn here.
  const generator = new Generator(seed, 2 ** 32);
  const { fitted, held } = split(x.shape[0]!, earlyStopping ? options.validationFraction : 0, generator);
  const lossCurve: number[] = [];
  const validationScores: number[] = [];
  const best = { value: -Infinity, weights: parameters.map((parameter) => new Variable(parameter)) };
  // Copies must exist before a captured step overwrites what they copy.
  await realize(...best.weights);
  let idle = 0;
  while (lossCurve.length < options.maxIter && idle <= options.nIterNoChange) {
    const order = options.shuffle ? generator.permutation(fitted.length) : fitted.keys();
    const rows = Int32Array.from(order, (i) => fitted[i]!);
    const losses: { readonly value: Tensor; readonly share: number }[] = [];
    for (let at = 0; at < rows.length; at += options.batchSize) {
      const batch = rows.slice(at, at + options.batchSize);
      losses.push({ value: step(tensor(batch)), share: batch.length / rows.length });
    }
    const values = await Promise.all(losses.map(async ({ value, share }) => share * (await value.item())));
    const loss = values.reduce((sum, value) => sum + value, 0);
    if (!Number.isFinite(loss)) {
      throw new NumericError(
        `${owner}: in pass ${lossCurve.length + 1} the loss is ${loss}; scale the features, or give a ` +
          `learningRateInit below ${lr}`,
      );
    }
    lossCurve.push(loss);
    if (earlyStopping) validationScores.push(await task.score(held));
    const value = validationScores.at(-1) ?? -loss;
    idle = value > best.value + tol ? 0 : idle + 1;
    if (value > best.value) {
      best.value = value;
      if (!earlyStopping) continue;
      best.weights.forEach((weight, i) => weight.assign(parameters[i]!));
      await realize(...best.weights);
    }
  }
  if (earlyStopping) parameters.forEach((parameter, i) => parameter.assign(best.weights[i]!));
  const converged = idle > options.nIterNoChange;
  return { lossCurve, validationScores, iterations: lossCurve.length, converged };
}

/** Rows to fit and rows to hold out, at least one of each. */
function split(n: number, share: number, generator: Generator): { fitted: Int32Array; held: Int32Array } {
  const order = share === 0 ? Int32Array.from({ length: n }, (_, i) => i) : generator.permutation(n);
  const count = share === 0 ? 0 : Math.min(n - 1, Math.max(1, Math.round(n * share)));
  return { fitted: order.slice(count), held: order.slice(0, count) };
}
