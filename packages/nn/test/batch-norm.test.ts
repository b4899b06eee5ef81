import {
  compile,
  explain,
  Generator,
  OptionError,
  random,
  realize,
  ShapeError,
  tensor,
  zeros,
  type Tensor,
} from "@chainrule/core";
import { BatchNorm1d, Linear, mseLoss, ReLU, Sequential, summary } from "@chainrule/nn";
import { expectClose, gradCheck } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { messageOf } from "./setup.ts";

const batch = tensor([[1, 10], [3, 10], [5, 40]]); // prettier-ignore

test("training standardises each feature over the batch", async () => {
  const layer = new BatchNorm1d(2, { eps: 0 });
  const [a, b] = [2 / Math.sqrt(8 / 3), 10 / Math.sqrt(200)];
  await expectClose(layer.forward(batch), [-a, -b, 0, -b, a, 2 * b]);
  layer.weight!.assign(tensor([2, 1]));
  layer.bias!.assign(tensor([0, 5]));
  await expectClose(layer.forward(batch), [-2 * a, 5 - b, 0, 5 - b, 2 * a, 5 + 2 * b]);
});

test("running statistics follow by the momentum, the variance as a sample's", async () => {
  const layer = new BatchNorm1d(2);
  layer.forward(batch);
  await expectClose(layer.running!.mean, [0.3, 2]);
  await expectClose(layer.running!.variance, [0.9 + 0.4, 0.9 + 30]);
  layer.forward(batch);
  await expectClose(layer.running!.mean, [0.57, 3.8]);
  expect(await layer.running!.batches.item()).toBe(2);
});

test("without a momentum they are the means over all batches", async () => {
  const layer = new BatchNorm1d(1, { momentum: null });
  for (const values of [[0, 2], [4, 8], [-1, -1]]) layer.forward(tensor(values).expandDims(1)); // prettier-ignore
  await expectClose(layer.running!.mean, [(1 + 6 - 1) / 3]);
  await expectClose(layer.running!.variance, [(2 + 8 + 0) / 3]);
});

test("evaluation takes the running ones and leaves them alone", async () => {
  const layer = new BatchNorm1d(2, { eps: 0 }).eval();
  layer.running!.mean.assign(tensor([1, 10]));
  layer.running!.variance.assign(tensor([4, 25]));
  expect(await layer.forward(batch).toArray()).toEqual([[0, 0], [1, 0], [2, 6]]); // prettier-ignore
  expect(await layer.forward(tensor([[3, 0]])).toArray()).toEqual([[1, -2]]);
  expect(await layer.running!.batches.item()).toBe(0);
});

test("without running statistics evaluation takes those of its batch", async () => {
  const layer = new BatchNorm1d(2, { trackRunningStats: false, affine: false });
  expect(layer.running).toBeNull();
  const trained = await layer.forward(batch).data();
  expect(await layer.eval().forward(batch).data()).toEqual(trained);
  expect(Object.keys(layer.stateDict())).toEqual([]);
});

test("sequences are standardised over batch and length", async () => {
  const x = random.normal([4, 3, 5], { generator: new Generator(1), mean: 2 });
  const y = new BatchNorm1d(3).forward(x);
  await expectClose(y.mean([0, 2]), [0, 0, 0], { atol: 1e-5 });
  await expectClose(y.variance([0, 2], { correction: 0 }), [1, 1, 1], { atol: 1e-4 });
});

test("has the derivatives of finite differences, those of the statistics included", async () => {
  const x = random.normal([4, 2], { generator: new Generator(2), dtype: "float64" });
  const layer = new BatchNorm1d(2, { dtype: "float64" });
  layer.weight!.assign(tensor(Float64Array.of(1.5, -0.5)));
  await gradCheck((t) => layer.forward(t), [x], { order: 2 });
  layer.eval();
  await gradCheck((t) => layer.forward(t).tanh(), [x], { order: 2 });
});

describe("bad input", () => {
  test("a batch of one in training", () => {
    const layer = new BatchNorm1d(3);
    expect(() => layer.forward(zeros([1, 3]))).toThrow(ShapeError);
    expect(messageOf(() => layer.forward(zeros([1, 3])))).toContain(
      "a batch of one value a feature, [1, 3], has no variance to train on; give more examples",
    );
    expect(() => layer.forward(zeros([1, 3, 1]))).toThrow(ShapeError);
    expect(layer.forward(zeros([1, 3, 2])).shape).toEqual([1, 3, 2]);
    expect(layer.eval().forward(zeros([1, 3])).shape).toEqual([1, 3]);
  });

  test("shapes and sizes that are none", () => {
    expect(() => new BatchNorm1d(0)).toThrow(OptionError);
    expect(messageOf(() => new BatchNorm1d(3).forward(zeros([4, 2])))).toContain(
      "the input must be [N, 3] or [N, 3, L], but its shape is [4, 2]",
    );
    expect(() => new BatchNorm1d(3).forward(zeros([3]))).toThrow(ShapeError);
    expect(() => new BatchNorm1d(3).forward(zeros([2, 3, 4, 5]))).toThrow(ShapeError);
  });
});

test("state has PyTorch's names and is loaded by them", async () => {
  const layer = new BatchNorm1d(2);
  const names = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];
  expect(Object.keys(layer.stateDict())).toEqual(names);
  expect(layer.namedBuffers().map(([name]) => name)).toEqual(names.slice(2));
  layer.loadStateDict({ ...layer.stateDict(), running_mean: tensor([5, 6]) });
  expect(await layer.running!.mean.toArray()).toEqual([5, 6]);
});

test("a summary counts a multiply-add an element and moves no statistic", async () => {
  const model = new Sequential(new Linear(4, 3), new BatchNorm1d(3));
  const { layers, memory } = summary(model, [8, 4]);
  expect(layers.map(({ parameters, forward }) => [parameters, forward])).toEqual([[15, 96], [6, 24]]); // prettier-ignore
  expect(memory.buffers).toBe(4 * 7);
  expect(await model.buffers()[2]!.item()).toBe(0);
});

describe("in a training loop", () => {
  const xs = Array.from({ length: 6 }, (_, i) => random.normal([8, 4], { generator: new Generator(i) }));
  const network = (): Sequential => {
    const generator = new Generator(9);
    return new Sequential(
      new Linear(4, 5, { generator }),
      new BatchNorm1d(5),
      new ReLU(),
      new Linear(5, 3, { generator }),
      new BatchNorm1d(3),
    );
  };
  /** A step of gradient descent. */
  const stepOf =
    (model: Sequential) =>
    (x: Tensor): Tensor => {
      const loss = mseLoss(model.forward(x), x.slice(null, [0, 3]));
      const parameters = model.parameters();
      loss
        .gradient(...parameters)
        .forEach((gradient, i) => parameters[i]!.assign(parameters[i]!.sub(gradient.mul(0.1))));
      return loss;
    };
  const stateOf = async (model: Sequential): Promise<unknown> =>
    Promise.all(Object.values(model.stateDict()).map((variable) => variable.data()));

  test("captured it does what it does uncaptured, bit for bit", async () => {
    const [plain, captured] = [network(), network()];
    const [stepPlain, stepCaptured] = [stepOf(plain), compile(stepOf(captured))];
    for (const x of xs) {
      const loss = stepPlain(x);
      await realize(loss, ...plain.parameters());
      expect(await stepCaptured(x).item()).toBe(await loss.item());
      expect(await stateOf(captured)).toEqual(await stateOf(plain));
    }
  });

  test("captured and uncaptured steps may take turns", async () => {
    const [plain, mixed] = [network(), network()];
    const [stepPlain, stepMixed] = [stepOf(plain), stepOf(mixed)];
    const captured = compile(stepMixed);
    for (const [i, x] of xs.entries()) {
      const loss = stepPlain(x);
      await realize(loss, ...plain.parameters());
      const other = i % 2 === 0 ? stepMixed(x) : captured(x);
      await realize(other, ...mixed.parameters());
      expect(await other.item()).toBe(await loss.item());
    }
    expect(await stateOf(mixed)).toEqual(await stateOf(plain));
  });

  test("running statistics that nobody reads hold no batch: they need only its moments", async () => {
    const model = network();
    const step = stepOf(model);
    const counts: number[] = [];
    for (let i = 0; i < 12; i++) {
      await realize(step(xs[i % xs.length]!), ...model.parameters());
      const { kernels } = explain(...model.buffers());
      expect(kernels.map(({ kernel }) => kernel.kind)).not.toContain("dot");
      counts.push(kernels.length);
    }
    expect(new Set(counts.slice(1)).size).toBe(1);
  });

  test("forward passes that are never computed cost nothing and do no harm", async () => {
    const [model, other] = [network(), network()];
    model.forward(xs[0]!);
    other.forward(xs[0]!);
    for (const each of [model, other]) await realize(each.forward(xs[1]!));
    await realize(...model.buffers());
    other.forward(xs[2]!);
    model.forward(xs[2]!);
    expect(await stateOf(other)).toEqual(await stateOf(model));
  });
});
