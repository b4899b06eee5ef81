// A recurrent net reads step by step, and learns what its gradients still reach: they fade in a plain one, gates keep them.
import { compile, concat, Generator, gradient, ones, Tensor, tensor, zeros } from "@chainrule/core";
import { type FixtureArray, loadModules, type ModuleCase } from "@chainrule/fixtures";
import { lineChart } from "@chainrule/inspect";
import * as nn from "@chainrule/nn";
import * as init from "@chainrule/nn/init";
import { Adam, clipGradNorm, cosine, Scheduler } from "@chainrule/optim";
import { computedOn } from "./backend.ts";
import { smoothed } from "./curve.ts";
import { distance, read } from "./pytorch.ts";
import { atMost, judged, type Result } from "./result.ts";

const [length, hidden, batch, steps] = [30, 32, 32, 1000];

/** What always answering the mean costs: the variance of the sum of two uniform numbers. */
const baseline = 1 / 6;

type Recurrent = nn.RNN | nn.GRU | nn.LSTM;

/** Layers with their initialisation, and the highest learning rate of each. */
const recipes: Readonly<Record<string, readonly [make: (generator: Generator) => Recurrent, lr: number]>> = {
  "RNN, tanh": [(generator) => new nn.RNN(2, hidden, { generator }), 0.003],
  "RNN, ReLU": [rectified, 0.003],
  LSTM: [forgetful, 0.01],
  GRU: [(generator) => new nn.GRU(2, hidden, { generator }), 0.01],
};

/** A state that at first stays as it is. Le, Jaitly, Hinton, "A simple way to initialize recurrent networks", 2015. */
function rectified(generator: Generator): nn.RNN {
  const rnn = new nn.RNN(2, hidden, { nonlinearity: "relu", generator });
  rnn.weights[0]!.weightHh.assign(init.eye()([hidden, hidden]));
  return rnn;
}

/** A memory that at first is kept: 1 for the second gate's bias. Gers, Schmidhuber, Cummins, "Learning to forget", 2000. */
function forgetful(generator: Generator): nn.LSTM {
  const lstm = new nn.LSTM(2, hidden, { generator });
  lstm.weights[0]!.biasIh!.assign(concat([zeros([hidden]), ones([hidden]), zeros([2 * hidden])]));
  return lstm;
}

export async function recurrentNetworks(): Promise<Result> {
  const recorded = await worstOf(loadModules("recurrent"));
  const runs = [];
  for (const [name, [make, lr]] of Object.entries(recipes)) runs.push({ name, ...(await train(make, lr)) });
  const learnt = runs.filter(({ name }) => name !== "RNN, tanh");
  return judged({
    checks: [
      atMost("values: worst error, in tolerances of PyTorch's assert_close", recorded.value, 1),
      atMost("gradients through time: worst error, in the same tolerances", recorded.gradient, 1),
      ...learnt.map(({ name, error }) => atMost(`${name}: mean squared error on new sequences`, error, 0.01)),
    ],
    notes: [
      { name: "what always answering the mean costs", value: baseline },
      { name: "RNN, tanh: mean squared error on new sequences", value: runs[0]!.error },
      { name: "cells and layers recorded from PyTorch and compared", value: recorded.count },
      computedOn(),
    ],
    figures: [
      lineChart(
        runs.map(({ name, losses }) => ({ name, ...smoothed(losses, window) })),
        {
          title: "The adding problem",
          subtitle: `${length} numbers, two of them marked: their sum; means of ${window} steps of ${batch} sequences`,
          x: { label: "step" },
          y: { label: "mean squared error", log: true },
          references: [{ y: baseline, label: "always the mean" }],
        },
      ),
      lineChart(
        runs.map(({ name, reach }) => ({ name, x: reach.map((_, t) => length - 1 - t), y: reach })),
        {
          title: "How far gradients reach back before training",
          subtitle:
            "norm of the last state's gradient by the input of an earlier step, as a share of the last one's",
          x: { label: "steps back" },
          y: { label: "share", log: true },
        },
      ),
    ],
  });
}

/** Sequences [length, n, 2] of a number and a mark, and the sums [n, 1] of the two marked numbers, one in each half. */
function adding(n: number, generator: Generator): [Tensor, Tensor] {
  const [x, y] = [new Float32Array(length * n * 2), new Float32Array(n)];
  for (let i = 0; i < n; i++) {
    const marked = [0, length / 2].map((start) => start + Math.floor((generator.uniform() * length) / 2));
    for (let t = 0; t < length; t++) {
      const number = generator.uniform();
      const mark = Number(marked.includes(t));
      x.set([number, mark], 2 * (t * n + i));
      y[i]! += number * mark;
    }
  }
  return [tensor(x, { shape: [length, n, 2] }), tensor(y, { shape: [n, 1] })];
}

/** The layer's output at the last step. */
const last = (layer: Recurrent, x: Tensor): Tensor => layer.forward(x)[0].slice(-1);

/** Adam with the gradient's norm held to 1; its rate falls along a cosine. */
async function train(make: (generator: Generator) => Recurrent, lr: number) {
  const generator = new Generator(20);
  const [layer, head] = [make(generator), new nn.Linear(hidden, 1, { generator })];
  const parameters = [...layer.parameters(), ...head.parameters()];
  const reach = await reachOf(layer, adding(batch, generator)[0]);
  const adam = new Adam({ lr });
  const schedule = new Scheduler(adam, cosine(steps));
  const step = compile((x: Tensor, y: Tensor) => {
    const loss = nn.mseLoss(head.forward(last(layer, x)), y);
    adam.update(parameters, clipGradNorm(loss.gradient(...parameters), 1).gradients);
    return loss;
  });
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    losses.push(await step(...adding(batch, generator)).item());
    schedule.step();
  }
  const [x, y] = adding(1000, generator);
  const error = await nn.mseLoss(head.forward(last(layer, x)), y).item();
  return { losses, error, reach };
}

/** For each step, the norm of the gradient of the last state by its input, over that of the last step. */
async function reachOf(layer: Recurrent, x: Tensor): Promise<number[]> {
  const [dx] = last(layer, x).sum().gradient(x);
  const norms = Array.from(await dx!.square().sum([1, 2]).sqrt().data());
  return norms.map((norm) => norm / norms.at(-1)!);
}

/** The worst errors of cells and layers against what PyTorch recorded, as shares of its tolerances. */
async function worstOf(cases: readonly ModuleCase[]) {
  const worst = { value: 0, gradient: 0, count: cases.length };
  const layers = nn as unknown as Record<string, new (...args: unknown[]) => AnyRecurrent>;
  for (const one of cases) {
    const layer = new layers[one.layer]!(...one.args, { ...one.options, dtype: one.output.dtype });
    const before = Object.entries(one.before).map(([name, value]) => [name, read(value)] as const);
    layer.loadStateDict(Object.fromEntries(before));
    const inputs = one.inputs.map(read);
    const [x, ...states] = inputs;
    const state = one.layer.startsWith("LSTM") && states.length > 0 ? states : states[0];
    const y = joined(layer.forward(x, state, one.masks.mask && read(one.masks.mask as FixtureArray)));
    worst.value = Math.max(worst.value, await distance(y, one.output));
    const named = layer.namedParameters();
    const sources = [...inputs, ...named.map(([, parameter]) => parameter)];
    const expected = [...one.inputGradients, ...named.map(([name]) => one.gradients[name])];
    const gradients = gradient(y, sources, { upstream: read(one.upstream) });
    for (const [i, found] of gradients.entries()) {
      worst.gradient = Math.max(worst.gradient, await distance(found, expected[i]!));
    }
  }
  return worst;
}

/** Whatever takes an input, a state and a mask. */
type AnyRecurrent = nn.Module<unknown[], unknown>;

/** Output and states as one line, as they are recorded. */
const joined = (output: unknown): Tensor =>
  output instanceof Tensor ? output : concat((output as unknown[]).map((part) => joined(part).flatten()));

/** Steps whose losses make one point of a curve. */
const window = 20;
