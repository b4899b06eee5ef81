import { cpu } from "@chainrule/backend-cpu";
import {
  concat,
  full,
  Generator,
  OptionError,
  random,
  registerBackend,
  type Shape,
  tensor,
  type Tensor,
  zeros,
} from "@chainrule/core";
import { ArrayDataset, DataLoader } from "@chainrule/data";
import {
  BatchNorm1d,
  Dropout,
  Graph,
  Lambda,
  Linear,
  Module,
  mseLoss,
  ReLU,
  Residual,
  Sequential,
  Sigmoid,
  Tanh,
} from "@chainrule/nn";
import { SGD } from "@chainrule/optim";
import { fit } from "@chainrule/train";
import { describe, expect, it } from "vitest";
import { findingsOf, inspectLayers, layerChart, layerMonitor, momentsOf, traceModel } from "../src/index.ts";
import { texts } from "./svg.ts";

registerBackend(cpu);

const seeded = (seed: number): { generator: Generator } => ({ generator: new Generator(seed) });
const x = random.normal([32, 4], seeded(1));
const y = random.normal([32, 2], seeded(2));
const batch = { x, y, loss: mseLoss };
const kinds = (report: { findings: readonly { kind: string; where: string }[] }): string[] =>
  report.findings.map(({ kind, where }) => `${kind} ${where}`);

function healthy(): Sequential {
  return new Sequential(new Linear(4, 8, seeded(3)), new ReLU(), new Linear(8, 2, seeded(4)));
}

describe("momentsOf", () => {
  it("is as counted by hand", () => {
    expect(momentsOf([1, 2, 3, -2])).toEqual({
      mean: 1,
      variance: (0 + 1 + 4 + 9) / 4,
      norm: Math.sqrt(18),
      rms: Math.sqrt(4.5),
      min: -2,
      max: 3,
      finite: true,
    });
    expect(momentsOf([1, Infinity]).finite).toBe(false);
    expect(momentsOf([Number.NaN]).finite).toBe(false);
    expect(momentsOf([]).mean).toBeNaN();
  });
});

describe("inspectLayers", () => {
  it("measures activations and gradients of each layer", async () => {
    const model = healthy();
    const report = await inspectLayers(model, batch);
    expect(report.layers.map(({ name, layer, shape }) => [name, layer, shape])).toEqual([
      ["0", "Linear", [32, 8]],
      ["1", "ReLU", [32, 8]],
      ["2", "Linear", [32, 2]],
    ]);
    const z = model.at(0).forward(x);
    const h = z.relu();
    const output = model.at(2).forward(h);
    const loss = mseLoss(output, y);
    const [byH, byW] = loss.gradient(h, model.parameters()[0]!);
    expect(report.loss).toBe(await loss.item());
    expect(report.layers[1]!.activation).toEqual(momentsOf(await h.data()));
    expect(report.layers[1]!.gradient.norm).toBeCloseTo(momentsOf(await byH!.data()).norm, 6);
    const [weight, bias] = report.layers[0]!.parameters;
    expect([weight!.name, bias!.name]).toEqual(["0.weight", "0.bias"]);
    expect(weight!.gradient.norm).toBeCloseTo(momentsOf(await byW!.data()).norm, 6);
    expect(weight!.value).toEqual(momentsOf(await model.parameters()[0]!.data()));
    expect(report.findings).toEqual([]);
    expect(String(report).split("\n")).toHaveLength(1 + 2 + 3);
  });

  it("names the layer that is dead, what it costs, and the cure", async () => {
    const model = healthy();
    (model.at(0) as Linear).bias!.assign(full([8], -100));
    const report = await inspectLayers(model, batch);
    expect(report.layers[1]).toMatchObject({ units: 8, deadUnits: 8 });
    expect(kinds(report)).toEqual(["dead 1"]);
    const { message } = report.findings[0]!;
    expect(message).toContain('layer "1" (ReLU): 8 of 8 units are dead');
    expect(message).toMatch(/nothing before it learns.*learning rate.*kaimingNormal.*LeakyReLU/);
    expect(String(report)).toContain(`warning: ${message}`);
  });

  it("counts single dead units, and warns from the share given", async () => {
    const model = healthy();
    (model.at(0) as Linear).bias!.assign(tensor([-100, 0, 0, -100, 0, 0, 0, 0]));
    const report = await inspectLayers(model, batch);
    expect(report.layers[1]!.deadUnits).toBe(2);
    expect(kinds(report)).toEqual([]);
    expect(kinds({ findings: findingsOf(report, { deadShare: 0.25 }) })).toEqual(["dead 1"]);
  });

  it("counts channels of images as units, and sees a module that computes ReLU itself", async () => {
    class Block extends Module {
      readonly inner: Linear = new Linear(2, 3, seeded(1));
      override forward(x: Tensor): Tensor {
        return this.inner.forward(x).sub(100).relu();
      }
    }
    const own = await inspectLayers(new Sequential(new Block(), new Linear(3, 2, seeded(2))), {
      ...batch,
      x: x.slice(null, [0, 2]),
    });
    expect(kinds(own)).toEqual(["dead 0"]);
    const image = new Sequential(
      new Lambda((x) => x.reshape(2, 2, 2, 1)),
      new ReLU(),
      new Lambda((x) => x.reshape(2, 4)),
      new Linear(4, 1, seeded(1)),
    );
    const pixels = tensor([
      [1, 1, -1, -1],
      [1, -1, -1, -2],
    ]);
    const report = await inspectLayers(image, { x: pixels, y: zeros([2, 1]), loss: mseLoss });
    expect(report.layers[1]).toMatchObject({ units: 2, deadUnits: 1 });
  });

  it("does not blame layers that hand zeros on", async () => {
    const model = new Sequential(
      new Linear(4, 8, seeded(3)),
      new ReLU(),
      new Dropout(0.5),
      new Lambda((x) => x.mul(2)),
      new Linear(8, 2, seeded(4)),
    );
    (model.at(0) as Linear).bias!.assign(full([8], -100));
    const report = await inspectLayers(model, batch);
    expect(kinds(report)).toEqual(["dead 1"]);
    expect(report.layers.map(({ deadUnits }) => deadUnits)).toEqual([null, 8, null, null, null]);
  });

  it("names only the first of several layers that are dead one behind the other", async () => {
    const layers = [4, 8, 8, 8].flatMap((from, i) => [new Linear(from, 8, seeded(i)), new ReLU()]);
    const model = new Sequential(...layers, new Linear(8, 2, seeded(9)));
    for (const { bias } of layers.filter((layer) => layer instanceof Linear)) bias!.assign(zeros([8]));
    (model.at(2) as Linear).bias!.assign(full([8], -100));
    const report = await inspectLayers(model, batch);
    expect(kinds(report)).toEqual(["dead 3"]);
    expect(report.layers.map(({ deadUnits }) => deadUnits).slice(3)).toEqual([
      8,
      null,
      null,
      null,
      null,
      null,
    ]);
    // One example says as much of the layers behind as of the others.
    const one = await inspectLayers(model, { ...batch, x: x.slice([0, 1]), y: y.slice([0, 1]) });
    expect(kinds(one)).toContain("dead 5");
  });

  it.each([
    ["Sigmoid", new Sigmoid()],
    ["Tanh", new Tanh()],
  ])("sees that %s is saturated", async (kind, activation) => {
    const model = new Sequential(new Linear(4, 8, seeded(3)), activation, new Linear(8, 2, seeded(4)));
    expect((await inspectLayers(model, batch)).layers[1]!.saturated).toBeLessThan(0.2);
    (model.at(0) as Linear).weight.assign((model.at(0) as Linear).weight.mul(1000));
    const report = await inspectLayers(model, batch);
    expect(report.layers[1]!.saturated).toBeGreaterThan(0.9);
    const found = report.findings.find((finding) => finding.kind === "saturated")!;
    expect(found.message).toMatch(new RegExp(`layer "1" \\(${kind}\\).*% of its outputs.*xavierNormal`));
  });

  it("sees gradients vanish through many sigmoids and explode through large weights", async () => {
    const layers = Array.from({ length: 10 }, (_, i) => [
      new Linear(4, i === 9 ? 2 : 4, seeded(i)),
      new Sigmoid(),
    ]);
    const vanished = await inspectLayers(new Sequential(...layers.flat()), batch);
    expect(kinds(vanished)).toEqual(["vanishing 0.weight"]);
    expect(vanished.findings[0]!.message).toMatch(
      /root mean square .* against .* in "18.weight".*kaimingNormal/,
    );
    const large = new Sequential(
      new Linear(4, 4, seeded(1)),
      new Linear(4, 4, seeded(2)),
      new Linear(4, 2, seeded(3)),
    );
    (large.at(0) as Linear).weight.assign((large.at(0) as Linear).weight.mul(1e-4));
    (large.at(0) as Linear).bias!.assign(zeros([4]));
    (large.at(1) as Linear).weight.assign((large.at(1) as Linear).weight.mul(1e3));
    (large.at(1) as Linear).bias!.assign(zeros([4]));
    const report = await inspectLayers(large, batch);
    expect(kinds(report)).toEqual(["exploding 0.weight"]);
    expect(report.findings[0]!.message).toContain("clip the gradients");
  });

  it("sees units that are all one, parameters that nothing depends on, and what is not finite", async () => {
    const same = new Sequential(
      new Linear(4, 8, { init: (shape: Shape) => full(shape, 0.1) }),
      new Tanh(),
      new Linear(8, 2, seeded(1)),
    );
    expect(kinds(await inspectLayers(same, batch))).toEqual(["symmetric 0.weight"]);
    const cut = new Sequential(
      new Linear(4, 8, seeded(1)),
      new Lambda((x) => x.stopGradient()),
      new Linear(8, 2, seeded(2)),
    );
    expect(kinds(await inspectLayers(cut, batch))).toEqual(["silent 0.weight", "silent 0.bias"]);
    const broken = healthy();
    (broken.at(2) as Linear).weight.assign(full([2, 8], Infinity));
    expect(kinds(await inspectLayers(broken, batch))).toEqual(["not finite 2"]);
    const loss = await inspectLayers(healthy(), { ...batch, loss: (output) => output.sum().mul(0).log() });
    expect(loss.findings[0]!.kind).toBe("not finite");
  });

  it("leaves modes, parameters and buffers as they were", async () => {
    const model = new Sequential(
      new Linear(4, 4, seeded(1)),
      new BatchNorm1d(4),
      new Dropout(0.5),
      new Linear(4, 2, seeded(2)),
    );
    model.at(1).eval();
    const before = await Promise.all(Object.values(model.stateDict()).map((variable) => variable.data()));
    await inspectLayers(model, batch);
    expect(await Promise.all(Object.values(model.stateDict()).map((variable) => variable.data()))).toEqual(
      before,
    );
    expect([0, 1, 2].map((i) => model.at(i).training)).toEqual([true, false, true]);
    expect(Object.hasOwn(model.at(0), "forward")).toBe(false);
  });
});

describe("layerMonitor", () => {
  const data = new ArrayDataset({
    x: { data: Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)), shape: [16, 4] },
    y: { data: Float32Array.from({ length: 32 }, (_, i) => Math.cos(i)), shape: [16, 2] },
  });
  const options = { loss: mseLoss, epochs: 4 };

  it("reports before training and after epochs, with numbers that follow the weights", async () => {
    const model = healthy();
    const monitor = layerMonitor({ ...batch, every: 2 });
    await fit(model, new DataLoader(data, { batchSize: 8 }), {
      ...options,
      optimizer: new SGD({ lr: 0.1 }),
      callbacks: [monitor],
    });
    expect(monitor.reports.map(({ epoch }) => epoch)).toEqual([0, 2, 4]);
    const losses = monitor.reports.map(({ report }) => report.loss);
    expect(new Set(losses).size).toBe(3);
    expect(losses[2]).toBe((await inspectLayers(model, batch)).loss);
  });

  it("warns once of a layer that dies in training, and does not change training", async () => {
    const weights = async (callbacks: ReturnType<typeof layerMonitor>[]): Promise<unknown> => {
      const model = healthy();
      // A step far too large kills the hidden layer.
      const positive = new ArrayDataset({
        x: { data: new Float32Array(64).fill(1), shape: [16, 4] },
        y: { data: new Float32Array(32).fill(-50), shape: [16, 2] },
      });
      await fit(model, new DataLoader(positive, { batchSize: 16 }), {
        ...options,
        optimizer: new SGD({ lr: 0.5 }),
        callbacks,
      });
      return Promise.all(model.parameters().map((parameter) => parameter.data()));
    };
    const messages: string[] = [];
    const monitor = layerMonitor({
      ...batch,
      x: full([8, 4], 1),
      y: zeros([8, 2]),
      deadShare: 0.9,
      warn: (message) => messages.push(message),
    });
    expect(await weights([monitor])).toEqual(await weights([]));
    expect(messages.filter((message) => message.includes("dead"))).toHaveLength(1);
    expect(messages[0]).toMatch(/^after epoch \d: layer "1" \(ReLU\): 8 of 8 units are dead/);
  });

  it("refuses a period that is no count", () => {
    expect(() => layerMonitor({ ...batch, every: 0 })).toThrow(OptionError);
  });
});

describe("layerChart", () => {
  it("has a bar for each layer that has the measure", async () => {
    const report = await inspectLayers(healthy(), batch);
    expect(texts(layerChart(report, "gradient norm"))).toEqual(
      expect.arrayContaining(["0 Linear", "1 ReLU", "2 Linear", "gradient norm"]),
    );
    const dead = texts(layerChart(report, "dead share"));
    expect(dead).toContain("1 ReLU");
    expect(dead).not.toContain("0 Linear");
    for (const measure of ["activation mean", "activation variance", "weight gradient norm"] as const) {
      expect(texts(layerChart(report, measure))).toContain(measure);
    }
    expect(() => layerChart(report, "saturated share")).toThrow(OptionError);
  });
});

describe("traceModel", () => {
  it("finds skip connections", () => {
    const model = new Sequential(
      new Linear(2, 4),
      new Residual(new Sequential(new Linear(4, 4), new Tanh())),
      new Linear(4, 1),
    );
    const graph = traceModel(model, [5, 2]);
    expect(
      graph.nodes.map(({ name, inputs, shape, parameters }) => [name, inputs, shape, parameters]),
    ).toEqual([
      ["input", [], [5, 2], 0],
      ["0", [0], [5, 4], 12],
      ["1.module.0", [1], [5, 4], 20],
      ["1.module.1", [2], [5, 4], 0],
      ["1", [1, 3], [5, 4], 0],
      ["2", [4], [5, 1], 5],
    ]);
    expect(texts(graph.toSvg({ title: "Skip" }))).toEqual(
      expect.arrayContaining(["Skip", "1.module.1", "Tanh()"]),
    );
    expect(graph.toDot().match(/->/g)).toHaveLength(6);
  });

  it("finds what a graph of modules takes from which, several inputs, and modules that are used twice", () => {
    const shared = new Linear(3, 3);
    const model = new Graph(
      {
        left: [shared, "a"],
        right: [shared, "b"],
        both: [new Lambda((a: Tensor, b: Tensor) => concat([a, b], -1)), "left", "right"],
        out: [new Linear(6, 1), "both"],
      },
      { inputs: ["a", "b"] },
    );
    const { nodes } = traceModel(
      model,
      [2, 3],
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    );
    expect(nodes.map(({ name }) => name)).toEqual(["input 1", "input 2", "left", "left", "both", "out"]);
    expect(nodes.map(({ inputs }) => inputs)).toEqual([[], [], [0], [1], [2, 3], [4]]);
  });

  it("computes nothing and changes no state", () => {
    const model = new Sequential(new Lambda((x) => x.reshape(2, 2)), new BatchNorm1d(2));
    const graph = traceModel(model, [4]);
    expect(graph.nodes.map(({ inputs }) => inputs)).toEqual([[], [0], [1]]);
    expect(model.training).toBe(true);
  });
});
