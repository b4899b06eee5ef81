import { OptionError, StateError, tensor, zeros, type Tensor } from "@chainrule/core";
import { Buffer, Dropout, Linear, Module, Parameter, ReLU, Sequential } from "@chainrule/nn";
import { expect, test } from "vitest";
import { messageOf } from "./setup.ts";

class Normalise extends Module {
  readonly scale: Parameter = new Parameter(tensor([1, 1]));
  readonly mean: Buffer = new Buffer(zeros([2]));
  readonly shift: Parameter = new Parameter(zeros([2]));

  override forward(x: Tensor): Tensor {
    return x.sub(this.mean).mul(this.scale).add(this.shift);
  }
}

class Network extends Module {
  readonly encoder: Sequential = new Sequential(new Linear(2, 3), new ReLU(), new Linear(3, 2));
  readonly blocks: Module[] = [new Normalise(), new Linear(2, 2, { bias: false })];
  readonly heads: Parameter[] = [new Parameter(zeros([2])), new Parameter(zeros([1]))];
  readonly note: string = "not a module";

  override forward(x: Tensor): Tensor {
    return this.blocks.reduce((y, block) => block.forward(y), this.encoder.forward(x)).add(this.heads[0]!);
  }
}

const names = [
  "heads.0",
  "heads.1",
  "encoder.0.weight",
  "encoder.0.bias",
  "encoder.2.weight",
  "encoder.2.bias",
  "blocks.0.scale",
  "blocks.0.shift",
  "blocks.1.weight",
];

test("parameters are found in properties and arrays, in definition order, under PyTorch's names", () => {
  const network = new Network();
  expect(network.namedParameters().map(([name]) => name)).toEqual(names);
  expect(network.parameters()).toHaveLength(names.length);
  expect(network.namedBuffers().map(([name]) => name)).toEqual(["blocks.0.mean"]);
  expect(network.buffers()[0]).toBeInstanceOf(Buffer);
});

test("the state dict has a module's parameters, then its buffers, then its children", () => {
  const state = new Network().stateDict();
  expect(Object.keys(state)).toEqual([...names.slice(0, 8), "blocks.0.mean", "blocks.1.weight"]);
});

test("modules and children are named", () => {
  const network = new Network();
  expect(network.namedChildren().map(([name]) => name)).toEqual(["encoder", "blocks.0", "blocks.1"]);
  expect(network.children()).toEqual([network.encoder, ...network.blocks]);
  expect(network.namedModules().map(([name]) => name)).toEqual([
    "",
    "encoder",
    "encoder.0",
    "encoder.1",
    "encoder.2",
    "blocks.0",
    "blocks.1",
  ]);
});

test("a shared parameter is listed once and is in the state under each of its names", () => {
  const tied = new Linear(2, 2);
  const model = new Sequential(tied, new ReLU(), tied);
  expect(model.namedParameters().map(([name]) => name)).toEqual(["0.weight", "0.bias"]);
  expect(model.namedModules().map(([name]) => name)).toEqual(["", "0", "1"]);
  const state = model.stateDict();
  expect(Object.keys(state)).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
  expect(state["2.weight"]).toBe(state["0.weight"]);
});

test("a module that contains itself is told so", () => {
  const layers: Module[] = [new ReLU()];
  class Ring extends Module {
    readonly layers: Module[] = layers;
    override forward(x: Tensor): Tensor {
      return x;
    }
  }
  const ring = new Ring();
  layers.push(ring);
  expect(() => ring.parameters()).toThrow(StateError);
  expect(messageOf(() => ring.parameters())).toContain('Ring contains itself, as "layers.1"');
});

test("train and eval reach every module", () => {
  const model = new Sequential(new Dropout(), new Sequential(new Dropout()));
  const modes = (): boolean[] => model.namedModules().map(([, module]) => module.training);
  expect(modes()).toEqual([true, true, true, true]);
  expect(model.eval()).toBe(model);
  expect(modes()).toEqual([false, false, false, false]);
  model.train();
  expect(modes()).toEqual([true, true, true, true]);
});

test("a state dict carries all weights to another model", async () => {
  const [from, to] = [new Network(), new Network()];
  from.buffers()[0]!.assign(tensor([5, 6]));
  expect(to.loadStateDict(from.stateDict())).toEqual({ missing: [], unexpected: [] });
  for (const [name, variable] of Object.entries(to.stateDict())) {
    expect(await variable.data(), name).toEqual(await from.stateDict()[name]!.data());
  }
});

test("loaded weights do not follow the model that they came from", async () => {
  const [from, to] = [new Linear(2, 2), new Linear(2, 2)];
  to.loadStateDict(from.stateDict());
  const before = await from.weight.data();
  from.weight.assign(zeros([2, 2]));
  expect(await to.weight.data()).toEqual(before);
});

test("a state that does not fit is refused with everything that is wrong, and nothing is loaded", async () => {
  const model = new Sequential(new Linear(2, 3), new Linear(3, 1));
  const before = await model.parameters()[0]!.data();
  const state = {
    "0.weight": zeros([2, 3]),
    "0.bias": zeros([3], { dtype: "float64" }),
    "1.weight": zeros([1, 3]),
    "2.weight": zeros([1]),
  };
  expect(() => model.loadStateDict(state)).toThrow(OptionError);
  expect(messageOf(() => model.loadStateDict(state))).toBe(
    "OptionError: loadStateDict: nothing was loaded:\n" +
      "  missing: 1.bias\n" +
      "  unexpected: 2.weight\n" +
      "  0.weight: the module has float32 [3, 2], the state float32 [2, 3]\n" +
      "  0.bias: the module has float32 [3], the state float64 [3]",
  );
  expect(await model.parameters()[0]!.data()).toEqual(before);
});

test("without strict, names on one side only are reported; shapes must still fit", async () => {
  const model = new Linear(2, 1);
  const report = model.loadStateDict({ weight: tensor([[1, 2]]), other: zeros([1]) }, { strict: false });
  expect(report).toEqual({ missing: ["bias"], unexpected: ["other"] });
  expect(await model.weight.toArray()).toEqual([[1, 2]]);
  expect(() => model.loadStateDict({ weight: zeros([3, 3]) }, { strict: false })).toThrow("float32 [3, 3]");
});

test("a model moves between backends by name", async () => {
  const model = new Linear(2, 2);
  const before = await model.weight.data();
  expect(await model.to("cpu")).toBe(model);
  expect(model.weight.backend).toBe("cpu");
  expect(await model.weight.data()).toEqual(before);
  await expect(model.to("nowhere")).rejects.toThrow("nowhere");
  expect(await model.weight.data()).toEqual(before);
});

test("a module prints as in PyTorch", () => {
  expect(String(new Network())).toBe(`Network(
  (encoder): Sequential(
    (0): Linear(2, 3, bias=true)
    (1): ReLU()
    (2): Linear(3, 2, bias=true)
  )
  (blocks.0): Normalise()
  (blocks.1): Linear(2, 2, bias=false)
)`);
});
