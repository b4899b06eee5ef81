import { memory, zeros, type Tensor } from "@chainrule/core";
import { Buffer, Dropout, Linear, Module, observeForward, ReLU, Sequential, summary } from "@chainrule/nn";
import { expect, test } from "vitest";
import { messageOf } from "./setup.ts";

const mlp = (): Sequential =>
  new Sequential(new Linear(784, 128), new ReLU(), new Dropout(), new Linear(128, 10));

test("an MLP's costs are those counted by hand", () => {
  const costs = summary(mlp(), [64, 784]);
  expect(costs.layers.map(({ name, layer, outputShape }) => [name, layer, outputShape])).toEqual([
    ["0", "Linear", [64, 128]],
    ["1", "ReLU", [64, 128]],
    ["2", "Dropout", [64, 128]],
    ["3", "Linear", [64, 10]],
  ]);
  expect(costs.parameters).toBe(784 * 128 + 128 + 128 * 10 + 10);
  expect(costs.forward).toBe(64 * (784 * 128 + 128 * 10));
  expect(costs.backward).toBe(2 * costs.forward!);
  expect(costs.memory).toEqual({
    parameters: 4 * costs.parameters,
    buffers: 0,
    outputs: 4 * 64 * (3 * 128 + 10),
  });
  expect(String(costs)).toBe(
    [
      "name   layer    output     parameters  multiply-adds    backward",
      "─────  ───────  ─────────  ──────────  ─────────────  ──────────",
      "0      Linear   [64, 128]     100,480      6,422,528  12,845,056",
      "1      ReLU     [64, 128]           0              0           0",
      "2      Dropout  [64, 128]           0              0           0",
      "3      Linear   [64, 10]        1,290         81,920     163,840",
      "total                         101,770      6,504,448  13,008,896",
      "memory: parameters 397.5 KiB, buffers 0.0 KiB, outputs 98.5 KiB",
    ].join("\n"),
  );
});

test("without an input it says what the model itself says", () => {
  const costs = summary(mlp());
  expect(costs.parameters).toBe(101_770);
  expect([costs.forward, costs.backward, costs.memory.outputs]).toEqual([null, null, null]);
  expect(costs.layers.map((layer) => layer.outputShape)).toEqual([null, null, null, null]);
});

class Tied extends Module {
  readonly inner: Linear = new Linear(3, 3, { bias: false });
  readonly unused: Linear = new Linear(2, 2);
  readonly count: Buffer = new Buffer(zeros([1]));

  override forward(x: Tensor): Tensor {
    if (this.training) this.count.assign(this.count.add(1));
    return this.inner.forward(this.inner.forward(x));
  }
}

test("a module used twice runs twice and is stored once; one unused is listed; nothing is changed or computed", async () => {
  const model = new Tied();
  const before = memory();
  const { layers, parameters, forward, memory: bytes } = summary(model, [2, 3]);
  expect(memory()).toEqual(before);
  expect(layers.map(({ name, parameters, forward }) => [name, parameters, forward])).toEqual([
    ["inner", 9, 18],
    ["inner", 0, 18],
    ["unused", 6, null],
  ]);
  expect([parameters, forward, bytes.buffers]).toEqual([15, 36, 4]);
  expect(model.training).toBe(true);
  expect(await model.count.item()).toBe(0);
});

test("an input that does not fit is an error, and leaves the model as it was", () => {
  const model = mlp();
  expect(messageOf(() => summary(model, [64, 5]))).toContain("the last axis of the input must be 784");
  expect(model.namedModules().every(([, module]) => module.training)).toBe(true);
  expect(Object.hasOwn(model, "forward")).toBe(false);
});

test("a single layer is its own summary", () => {
  expect(summary(new Linear(2, 3), [1, 2]).layers[0]).toMatchObject({
    name: "(model)",
    parameters: 9,
    forward: 6,
  });
});

test("observers see each call until they stop", () => {
  const model = mlp().eval();
  const seen: string[] = [];
  const stop = observeForward(model, ({ name, module, output }) => {
    seen.push(`${name}:${module.constructor.name}:${(output as Tensor).shape.join()}`);
  });
  model.forward(zeros([2, 784]));
  stop();
  model.forward(zeros([2, 784]));
  expect(seen).toEqual([
    "0:Linear:2,128",
    "1:ReLU:2,128",
    "2:Dropout:2,128",
    "3:Linear:2,10",
    ":Sequential:2,10",
  ]);
});

class Split extends Module<[Tensor, Tensor], Tensor[]> {
  readonly left: Linear = new Linear(2, 3);
  readonly right: Linear = new Linear(4, 3);

  override forward(a: Tensor, b: Tensor): Tensor[] {
    return [this.left.forward(a), this.right.forward(b)];
  }
}

test("a module of several inputs and outputs is summed up as well", () => {
  const { layers, forward } = summary(new Split(), [5, 2], zeros([1, 4]));
  expect(layers.map(({ name, outputShape }) => [name, outputShape])).toEqual([
    ["left", [5, 3]],
    ["right", [1, 3]],
  ]);
  expect(forward).toBe(5 * 6 + 12);
});
