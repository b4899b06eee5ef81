import { Generator, IndexError, OptionError, ShapeError, tensor, zeros } from "@chainrule/core";
import { Flatten, Identity, Linear, ReLU, Sequential, Sigmoid, Softmax, Tanh } from "@chainrule/nn";
import { constant } from "@chainrule/nn/init";
import { expectClose, gradCheck } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { messageOf } from "./setup.ts";

describe("Linear", () => {
  test("is x·Wᵀ + b, by hand", async () => {
    const layer = new Linear(2, 3);
    layer.weight.assign(tensor([[1, 2], [3, 4], [5, 6]])); // prettier-ignore
    layer.bias!.assign(tensor([0.5, -1, 0]));
    expect(
      await layer
        .forward(
          tensor([
            [1, -1],
            [2, 0.5],
          ]),
        )
        .toArray(),
    ).toEqual([
      [-0.5, -2, -1],
      [3.5, 7, 13],
    ]);
    expect(await layer.forward(tensor([1, -1])).toArray()).toEqual([-0.5, -2, -1]);
  });

  test("maps the last axis of any rank, and leaves the bias out on request", () => {
    const layer = new Linear(4, 2, { bias: false });
    expect(layer.bias).toBeNull();
    expect(layer.forward(zeros([3, 5, 4])).shape).toEqual([3, 5, 2]);
    expect(Object.keys(layer.stateDict())).toEqual(["weight"]);
  });

  test("starts uniform in ±1/√in", async () => {
    const layer = new Linear(100, 400);
    for (const parameter of [layer.weight, layer.bias!]) {
      const values = Array.from(await parameter.data());
      expect(Math.max(...values)).toBeLessThanOrEqual(0.1);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.1);
      const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
      expect(variance).toBeCloseTo(0.01 / 3, values.length > 1000 ? 4 : 3);
    }
  });

  test("the same seed gives the same weights, the next layer others", async () => {
    const weights = async (seed: number): Promise<number[][]> => {
      const generator = new Generator(seed);
      const layers = [new Linear(3, 3, { generator }), new Linear(3, 3, { generator })];
      return Promise.all(layers.map(async (layer) => Array.from(await layer.weight.data())));
    };
    const [first, second] = await weights(7);
    expect(await weights(7)).toEqual([first, second]);
    expect(first).not.toEqual(second);
    expect(await weights(8)).not.toEqual([first, second]);
  });

  test("takes a dtype and initialisers", async () => {
    const layer = new Linear(2, 2, { dtype: "float64", init: constant(3), biasInit: constant(1) });
    expect([layer.weight.dtype, layer.bias!.dtype]).toEqual(["float64", "float64"]);
    expect(await layer.forward(tensor(new Float64Array([1, 2]))).toArray()).toEqual([10, 10]);
  });

  test("names the axis expected and the shape seen", () => {
    const layer = new Linear(784, 128);
    expect(() => layer.forward(zeros([64, 100]))).toThrow(ShapeError);
    expect(messageOf(() => layer.forward(zeros([64, 100])))).toContain(
      "Linear(784, 128): the last axis of the input must be 784, but its shape is [64, 100]",
    );
    expect(() => layer.forward(tensor(1))).toThrow("its shape is []");
    expect(() => new Linear(0, 3)).toThrow(OptionError);
    expect(() => new Linear(2.5, 3)).toThrow("not 2.5");
  });

  test("has the gradients of finite differences", async () => {
    const layer = new Linear(3, 2, { dtype: "float64" });
    const x = tensor(Float64Array.from([0.3, -1, 2, 0.1, 0.7, -0.4]), { shape: [2, 3] });
    await gradCheck((x) => layer.forward(x).tanh(), [x], { order: 2 });
    const { bias } = layer;
    await gradCheck((w, b) => x.matmul(w.T).add(b).tanh(), [layer.weight, bias!], { order: 2 });
  });
});

test("activations, by hand", async () => {
  const x = tensor([-1, 0, 2]);
  expect(await new ReLU().forward(x).toArray()).toEqual([0, 0, 2]);
  await expectClose(new Sigmoid().forward(x), [0.26894142, 0.5, 0.88079708]);
  await expectClose(new Tanh().forward(x), [-0.76159416, 0, 0.96402758]);
  await expectClose(new Softmax().forward(tensor([0, Math.log(3)])), [0.25, 0.75]);
  expect(new Identity().forward(x)).toBe(x);
});

test("Softmax works along its axis and refuses one that is not there", async () => {
  const columns = await new Softmax(0).forward(tensor([[1, 5], [1, 5]])).data(); // prettier-ignore
  expectClose(columns, [0.5, 0.5, 0.5, 0.5]);
  expect(() => new Softmax(2).forward(zeros([2, 2]))).toThrow("axis 2");
});

test("Flatten joins axes", () => {
  const x = zeros([2, 3, 4, 5]);
  expect(new Flatten().forward(x).shape).toEqual([2, 60]);
  expect(new Flatten(0).forward(x).shape).toEqual([120]);
  expect(new Flatten(1, 2).forward(x).shape).toEqual([2, 12, 5]);
});

describe("Sequential", () => {
  const layers = [new Linear(2, 3), new ReLU(), new Linear(3, 1)];
  const model = new Sequential(...layers);

  test("is a list of its modules", () => {
    expect(model).toHaveLength(3);
    expect([...model]).toEqual(layers);
    expect(model.at(-1)).toBe(layers[2]);
    expect(() => model.at(3)).toThrow(IndexError);
    expect(() => model.at(0.5)).toThrow("none at 0.5");
  });

  test("applies them in turn", async () => {
    const x = tensor([[1, 2]]);
    const expected = layers[2]!.forward(layers[0]!.forward(x).relu());
    expect(await model.forward(x).data()).toEqual(await expected.data());
    expect(new Sequential().forward(x)).toBe(x);
  });
});
