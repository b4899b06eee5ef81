import {
  compile,
  Generator,
  OptionError,
  random,
  realize,
  ShapeError,
  tensor,
  zeros,
  type Plan,
  type Tensor,
} from "@chainrule/core";
import {
  GRU,
  GRUCell,
  lengthMask,
  Linear,
  LSTM,
  LSTMCell,
  mseLoss,
  RNN,
  RNNCell,
  summary,
} from "@chainrule/nn";
import { Adam } from "@chainrule/optim";
import { expectClose, gradCheck } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { messageOf } from "./setup.ts";

const normal = (seed: number, shape: readonly number[], dtype: "float32" | "float64" = "float64"): Tensor =>
  random.normal(shape, { generator: new Generator(seed), dtype });

test("a plain cell by hand", async () => {
  const cell = new RNNCell(1, 1, { nonlinearity: "relu" });
  cell.loadStateDict({
    weight_ih: tensor([[2]]),
    weight_hh: tensor([[3]]),
    bias_ih: tensor([0.5]),
    bias_hh: tensor([-1]),
  });
  expect(await cell.forward(tensor([[1]])).toArray()).toEqual([[1.5]]);
  expect(await cell.forward(tensor([[1]]), tensor([[2]])).toArray()).toEqual([[7.5]]);
});

test("a layer is its cell, step by step", async () => {
  const x = normal(1, [4, 2, 3], "float32");
  const layer = new LSTM(3, 5);
  const cell = new LSTMCell(3, 5);
  const state = Object.entries(layer.stateDict()).map(
    ([name, value]) => [name.replace("_l0", ""), value] as const,
  );
  cell.loadStateDict(Object.fromEntries(state));
  const [output, [hidden, memory]] = layer.forward(x);
  let step: [Tensor, Tensor] | null = null;
  for (let t = 0; t < 4; t++) {
    step = cell.forward(x.slice(t), step);
    await expectClose(output.slice(t), step[0]);
  }
  await expectClose(hidden.slice(0), step![0]);
  await expectClose(memory.slice(0), step![1]);
});

test("a sequence in two stretches is the sequence: the state goes from one to the next", async () => {
  const gru = new GRU(3, 4, { numLayers: 2, batchFirst: true });
  const x = normal(2, [2, 6, 3], "float32");
  const [whole, end] = gru.forward(x);
  const [, between] = gru.forward(x.slice(null, [0, 4]));
  const [rest, last] = gru.forward(x.slice(null, [4, 6]), between.stopGradient());
  await expectClose(rest, whole.slice(null, [4, 6]));
  await expectClose(last, end);
});

test("under a mask each sequence is as if alone, in both directions", async () => {
  const rnn = new RNN(2, 3, { bidirectional: true, batchFirst: true });
  const x = normal(3, [2, 5, 2], "float32");
  const [output, state] = rnn.forward(x, null, lengthMask([3, 5]));
  const [alone, end] = rnn.forward(x.slice([0, 1], [0, 3]));
  await expectClose(output.slice([0, 1], [0, 3]), alone);
  await expectClose(state.slice(null, [0, 1]), end);
  expect(new Set(await output.slice(0, [3, 5]).data())).toEqual(new Set([0]));
});

test("names are PyTorch's", () => {
  expect(Object.keys(new GRU(2, 3, { numLayers: 2, bidirectional: true, bias: false }).stateDict())).toEqual([
    "weight_ih_l0",
    "weight_hh_l0",
    "weight_ih_l0_reverse",
    "weight_hh_l0_reverse",
    "weight_ih_l1",
    "weight_hh_l1",
    "weight_ih_l1_reverse",
    "weight_hh_l1_reverse",
  ]);
  expect(Object.keys(new LSTMCell(2, 3).stateDict())).toEqual([
    "weight_ih",
    "weight_hh",
    "bias_ih",
    "bias_hh",
  ]);
  expect(String(new LSTM(2, 3))).toBe("LSTM(2, 3, numLayers=1, batchFirst=false, bidirectional=false)");
});

test("starts uniform in ±1/√hidden", async () => {
  for (const parameter of new LSTM(8, 16).parameters()) {
    const values = Array.from(await parameter.data());
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.25);
    expect(values.reduce((sum, value) => sum + value ** 2, 0) / values.length).toBeCloseTo(0.25 ** 2 / 3, 2);
  }
});

describe("derivatives of finite differences, first and second order", () => {
  test.each([
    ["RNN", new RNN(2, 2, { dtype: "float64" })],
    ["LSTM", new LSTM(2, 2, { dtype: "float64" })],
    ["GRU", new GRU(2, 2, { dtype: "float64", bidirectional: true })],
  ] as const)("%s", async (_, layer) => {
    const mask = lengthMask([3, 1]);
    await gradCheck((x) => layer.forward(x, null, mask)[0], [normal(4, [3, 2, 2])], { order: 2 });
  });
});

test("dropout lies between layers, in training only", async () => {
  const rnn = new RNN(2, 3, { numLayers: 2, dropout: 1 });
  const x = normal(5, [3, 2, 2], "float32");
  const [kept] = rnn.eval().forward(x);
  const [dropped] = rnn.train().forward(x);
  const [zeroed] = rnn.eval().forward(x.mul(0));
  expect(await dropped.data()).not.toEqual(await kept.data());
  expect(await dropped.data()).not.toEqual(await zeroed.data());
  expect(() => new RNN(2, 3, { dropout: 0.5 })).toThrow("dropout lies between layers");
});

test("a summary counts each step's products", () => {
  expect(summary(new LSTM(3, 5), [7, 2, 3]).forward).toBe(7 * 2 * 4 * 5 * (3 + 5));
  expect(summary(new GRUCell(3, 5), [2, 3]).forward).toBe(2 * 3 * 5 * (3 + 5));
});

test("captured it does what it does uncaptured, bit for bit", async () => {
  const train = (): { parameters: Tensor[]; step: (x: Tensor) => Tensor } => {
    const layer = new LSTM(3, 4, { generator: new Generator(1) });
    const parameters = layer.parameters();
    return {
      parameters,
      step: (x) => {
        const loss = layer.forward(x)[0].square().mean();
        const grads = loss.gradient(...parameters);
        parameters.forEach((parameter, i) => parameter.assign(parameter.sub(grads[i]!.mul(0.1))));
        return loss;
      },
    };
  };
  const [plain, captured] = [train(), train()];
  const step = compile(captured.step);
  for (let i = 0; i < 3; i++) {
    const x = normal(i, [4, 2, 3], "float32");
    const loss = plain.step(x);
    await realize(loss, ...plain.parameters);
    expect(await step(x).item()).toBe(await loss.item());
    expect(await captured.parameters[1]!.data()).toEqual(await plain.parameters[1]!.data());
  }
});

test("an LSTM learns to add the two marked numbers of a sequence", async () => {
  const [steps, batch, units] = [8, 64, 16];
  const lstm = new LSTM(2, units, { generator: new Generator(1) });
  const readOut = new Linear(units, 1, { generator: new Generator(2) });
  const parameters = [...lstm.parameters(), ...readOut.parameters()];
  const adam = new Adam({ lr: 0.02 });
  const draws = new Generator(3);
  const lossOn = (): Tensor => {
    const values = new Float32Array(steps * batch * 2);
    const sums = new Float32Array(batch);
    for (let n = 0; n < batch; n++) {
      const first = Math.floor((draws.uniform() * steps) / 2);
      const second = steps / 2 + Math.floor((draws.uniform() * steps) / 2);
      for (let t = 0; t < steps; t++) {
        const at = (t * batch + n) * 2;
        values[at] = draws.uniform();
        values[at + 1] = t === first || t === second ? 1 : 0;
        if (values[at + 1] === 1) sums[n]! += values[at];
      }
    }
    const [, [hidden]] = lstm.forward(tensor(values, { shape: [steps, batch, 2] }));
    return mseLoss(readOut.forward(hidden.slice(0)), tensor(sums, { shape: [batch, 1] }));
  };
  for (let i = 0; i < 250; i++) await adam.minimize(lossOn(), parameters);
  // Always answering 1, the mean, leaves 1/6.
  expect(await lossOn().item()).toBeLessThan(0.02);
});

describe("bad input", () => {
  test("shapes", () => {
    const lstm = new LSTM(3, 4);
    expect(() => lstm.forward(zeros([5, 3]))).toThrow(ShapeError);
    expect(messageOf(() => lstm.forward(zeros([5, 2, 4])))).toContain(
      "LSTM(3, 4): the input must be [T, N, 3], but its shape is [5, 2, 4]",
    );
    expect(messageOf(() => new GRU(3, 4, { batchFirst: true }).forward(zeros([5, 2, 4])))).toContain(
      "[N, T, 3]",
    );
    expect(() => lstm.forward(zeros([0, 2, 3]))).toThrow("LSTM(3, 4): the input [0, 2, 3] has no steps");
    expect(messageOf(() => lstm.forward(zeros([5, 2, 3]), [zeros([1, 2, 4]), zeros([2, 4])]))).toContain(
      "the state must be 2 tensors [1, 2, 4], not [1, 2, 4] and [2, 4]",
    );
    expect(messageOf(() => lstm.forward(zeros([5, 2, 3]), null, zeros([5, 2])))).toContain(
      "the mask must be [N, T] = [2, 5] for an input of [5, 2, 3], but its shape is [5, 2]",
    );
    expect(() => new RNNCell(3, 4).forward(zeros([2, 4]))).toThrow("RNNCell(3, 4): the input must be [N, 3]");
    expect(() => new GRUCell(3, 4).forward(zeros([2, 3]), zeros([1, 4]))).toThrow("must be a tensor [2, 4]");
  });

  test("options and lengths", () => {
    expect(() => new LSTM(0, 4)).toThrow(OptionError);
    expect(() => new LSTM(3, 4, { numLayers: 0 })).toThrow("numLayers must be a whole number ≥ 1");
    expect(() => lengthMask([2, 4], 3)).toThrow("lengths are whole numbers from 0 to 3, not 2, 4");
    expect(() => lengthMask(zeros([2], { dtype: "int32" }))).toThrow("give the number of steps");
    expect(() => lengthMask(zeros([2, 1], { dtype: "int32" }), 3)).toThrow(ShapeError);
  });

  test("lengths as a tensor", async () => {
    const mask = lengthMask(tensor([1, 3], { dtype: "int32" }), 3);
    expect(await mask.toArray()).toEqual([[1, 0, 0], [1, 1, 1]]); // prettier-ignore
  });
});

describe("a captured training step", () => {
  const planOf = (layer: LSTM | GRU, steps: number): Plan => {
    const [x, target] = [normal(1, [steps, 4, 3], "float32"), normal(2, [4, 5], "float32")];
    const parameters = layer.parameters();
    const optimizer = new Adam();
    const step = compile((input: Tensor, wanted: Tensor) => {
      const [output] = layer.forward(input);
      const loss = mseLoss(output.slice(-1), wanted);
      optimizer.update(parameters, loss.gradient(...parameters));
      return loss;
    });
    step(x, target);
    return step.plans[0]!;
  };
  const count = (plan: Plan, kind: string): number =>
    plan.kernels.filter(({ kernel }) => kernel.kind === kind).length;
  const kinds = (plan: Plan): number => new Set(plan.kernels.map(({ kernel }) => kernel.key)).size;

  test("an LSTM's steps are two kernels forwards and one backwards, the same for all of them", () => {
    const [few, many] = [planOf(new LSTM(3, 5), 8), planOf(new LSTM(3, 5), 28)];
    expect(many.kernels.length - few.kernels.length).toBe(3 * 20);
    // Beside them the product of all inputs, the gradients of both weights, and what is left of the first step.
    expect(count(many, "dot")).toBe(2 * 27 + 3);
    expect(count(many, "reduce")).toBeLessThanOrEqual(2);
    expect(kinds(many)).toBe(kinds(few));
    expect(many.kernels.length).toBeLessThan(100);
  });

  test("and a GRU's", () => {
    const [few, many] = [planOf(new GRU(3, 5), 8), planOf(new GRU(3, 5), 28)];
    expect(many.kernels.length - few.kernels.length).toBe(3 * 20);
    expect(count(many, "reduce")).toBe(count(few, "reduce"));
    expect(kinds(many)).toBe(kinds(few));
  });
});
