import { OptionError } from "@chainrule/core";
import { DataLoader } from "@chainrule/data";
import { crossEntropy, Dropout, Linear, Sequential } from "@chainrule/nn";
import { Adam, cosine, oneCycle, SGD } from "@chainrule/optim";
import { describe, expect, it } from "vitest";
import { type Batches, type Callback, evaluate, fit, predict } from "../src/index.ts";
import { loaderOf, quadrants, smallModel, weightsOf } from "./helpers.ts";

const data = quadrants(500);
const validation = quadrants(200, 9);

describe("fit", () => {
  it("learns, and its history is plain JSON with what was measured", async () => {
    const model = smallModel();
    const history = await fit(model, loaderOf(data), {
      loss: crossEntropy,
      optimizer: new Adam({ lr: 0.02 }),
      epochs: 15,
      validation,
      metrics: { confidence: (output) => output.softmax(1).max(1).mean() },
    });
    expect(JSON.parse(JSON.stringify(history))).toEqual(history);
    expect(history.backend.name).toBe("cpu");
    expect(history).toMatchObject({ steps: 15 * 32, stopped: null });
    expect(history.epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    const last = history.epochs.at(-1)!;
    expect(last.trainLoss).toBeLessThan(history.epochs[0]!.trainLoss / 2);
    expect(last.testAccuracy).toBeGreaterThan(0.93);
    expect(last.metrics.confidence).toBeGreaterThan(0.7);
    const evaluation = await evaluate(model, validation, { loss: crossEntropy, batchSize: 33 });
    expect(evaluation.examples).toBe(200);
    expect(evaluation.loss).toBeCloseTo(last.testLoss!, 5);
    expect(evaluation.accuracy).toBeCloseTo(last.testAccuracy!, 6);
  });

  it("gives the same bits run after run, captured or not", async () => {
    const weights = async (capture: boolean, seed = 3): Promise<Record<string, number[]>> => {
      const model = smallModel();
      const optimizer = new Adam({ lr: 0.01 });
      const schedule = cosine(64);
      await fit(model, loaderOf(data, { seed }), {
        loss: crossEntropy,
        optimizer,
        epochs: 2,
        schedule,
        capture,
      });
      return weightsOf(model);
    };
    const captured = await weights(true);
    expect(await weights(true)).toEqual(captured);
    expect(await weights(false)).toEqual(captured);
    expect(await weights(true, 4)).not.toEqual(captured);
  });

  it("takes the same steps as the same thing by hand", async () => {
    const [fitted, manual] = [smallModel(), smallModel()];
    await fit(fitted, loaderOf(data), {
      loss: crossEntropy,
      optimizer: new SGD({ lr: 0.1, momentum: 0.9 }),
      epochs: 1,
    });
    const optimizer = new SGD({ lr: 0.1, momentum: 0.9 });
    for (const { x, y } of loaderOf(data)) {
      await optimizer.minimize(crossEntropy(manual.forward(x), y), manual.parameters());
    }
    expect(await weightsOf(fitted)).toEqual(await weightsOf(manual));
  });

  it("weights a smaller last batch by its size in the training loss", async () => {
    const model = smallModel();
    const expected = await evaluate(model, data, { loss: crossEntropy });
    const still = new SGD({ lr: 0 });
    const { epochs } = await fit(model, loaderOf(data, { batchSize: 300 }), {
      loss: crossEntropy,
      optimizer: still,
      epochs: 1,
    });
    expect(epochs[0]!.trainLoss).toBeCloseTo(expected.loss, 6);
    expect(epochs[0]).toMatchObject({ testLoss: null, testAccuracy: null, metrics: {}, lr: 0 });
  });

  it("follows a schedule by step and records the rate of each epoch's last step", async () => {
    const optimizer = new SGD({ lr: 0.1 });
    const rates: number[] = [];
    const { epochs } = await fit(smallModel(), loaderOf(data, { batchSize: 250 }), {
      loss: crossEntropy,
      optimizer,
      epochs: 2,
      schedule: (step) => 1 / (step + 1),
      callbacks: [{ onStepEnd: (_, run) => void rates.push(run.optimizer.lr) }],
    });
    expect(epochs.map(({ lr }) => lr)).toEqual([0.05, 0.025]);
    expect(rates).toEqual([1 / 2, 1 / 3, 1 / 4, 1 / 5].map((factor) => 0.1 * factor));
  });

  it.each([cosine, oneCycle])("takes a schedule that ends with the run: %o", async (schedule) => {
    const history = await fit(smallModel(), loaderOf(data, { batchSize: 250 }), {
      loss: crossEntropy,
      optimizer: new SGD({ lr: 0.1 }),
      epochs: 2,
      schedule: schedule(4),
    });
    expect(history).toMatchObject({ steps: 4, stopped: null });
  });

  it("bounds the gradients where told to", async () => {
    const distance = async (clip: { norm: number } | { value: number }): Promise<number> => {
      const model = smallModel();
      const before = Object.values(await weightsOf(model)).flat();
      await fit(model, loaderOf(data, { batchSize: 500 }), {
        loss: (output, target) => crossEntropy(output, target).mul(1e4),
        optimizer: new SGD({ lr: 1 }),
        epochs: 1,
        clip,
      });
      return Math.hypot(
        ...Object.values(await weightsOf(model))
          .flat()
          .map((w, i) => w - before[i]!),
      );
    };
    expect(await distance({ norm: 0.5 })).toBeCloseTo(0.5, 4);
    expect(await distance({ value: 1e-3 })).toBeLessThan(0.01);
  });

  it("calls the hooks in order and waits for those that take time", async () => {
    const calls: string[] = [];
    const slowly = async (name: string): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      calls.push(name);
    };
    const callback: Callback = {
      onTrainStart: () => slowly("train start"),
      onEpochStart: (epoch) => slowly(`epoch ${epoch} start`),
      onStepEnd: ({ epoch, step, examples, loss, milliseconds }) => {
        calls.push(`step ${epoch}.${step} ${examples}`);
        expect(Number.isFinite(loss) && milliseconds > 0).toBe(true);
      },
      onEpochEnd: ({ epoch }) => slowly(`epoch ${epoch} end`),
      onTrainEnd: ({ epochs }) => slowly(`train end ${epochs.length}`),
    };
    const options = { loss: crossEntropy, optimizer: new SGD({ lr: 0.1 }), epochs: 2, callbacks: [callback] };
    await fit(smallModel(), loaderOf(data, { batchSize: 300 }), options);
    const epoch = (n: number): string[] => [
      `epoch ${n} start`,
      `step ${n}.1 300`,
      `step ${n}.2 500`,
      `epoch ${n} end`,
    ];
    expect(calls).toEqual(["train start", ...epoch(1), ...epoch(2), "train end 2"]);
  });

  it("trains in training mode, measures in evaluation mode, and leaves the mode as it was", async () => {
    const dropout = new Dropout(0.5);
    const model = new Sequential(new Linear(2, 2), dropout).eval();
    const modes: string[] = [];
    const forward = model.forward.bind(model);
    model.forward = (x) => {
      modes.push(dropout.training ? "training" : "evaluation");
      return forward(x);
    };
    const options = { loss: crossEntropy, optimizer: new SGD({ lr: 0.1 }), epochs: 1, validation };
    await fit(model, loaderOf(data, { batchSize: 500 }), options);
    expect(modes).toEqual(["training", "evaluation"]);
    expect(dropout.training).toBe(false);
    model.train();
    await predict(model, validation);
    expect(dropout.training).toBe(true);
  });

  it("ends after the present step when it is aborted or told to stop, with the weights so far", async () => {
    const controller = new AbortController();
    const model = smallModel();
    const aborted = await fit(model, loaderOf(data), {
      loss: crossEntropy,
      optimizer: new SGD({ lr: 0.1 }),
      epochs: 3,
      signal: controller.signal,
      callbacks: [{ onStepEnd: ({ step }) => step === 5 && controller.abort(new Error("enough")) }],
    });
    expect(aborted).toMatchObject({ epochs: [], steps: 5, stopped: { reason: "enough", epoch: 1, step: 5 } });
    const again = await fit(model, loaderOf(data), {
      loss: crossEntropy,
      optimizer: new SGD({ lr: 0.1 }),
      epochs: 3,
      callbacks: [{ onEpochEnd: ({ epoch }, run) => epoch === 2 && run.stop("good enough") }],
    });
    expect(again.epochs).toHaveLength(2);
    expect(again.stopped).toEqual({ reason: "good enough", epoch: 2, step: 32 });
    const late = {
      loss: crossEntropy,
      optimizer: new SGD({ lr: 0.1 }),
      epochs: 1,
      signal: controller.signal,
    };
    expect((await fit(model, loaderOf(data), late)).steps).toBe(0);
  });

  it("lets timers run while it trains", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("timer")), 60);
    const { stopped } = await fit(smallModel(), loaderOf(data, { batchSize: 1 }), {
      loss: crossEntropy,
      optimizer: new SGD({ lr: 0.01 }),
      epochs: 1_000,
      signal: controller.signal,
    });
    expect(stopped?.reason).toBe("timer");
  });

  it("first says where it runs", async () => {
    const lines: string[] = [];
    await fit(smallModel(), data, {
      loss: crossEntropy,
      optimizer: new SGD({ lr: 0.1 }),
      epochs: 1,
      validation,
      log: (line) => lines.push(line),
    });
    expect(lines[0]).toMatch(/^backend cpu · .+ · 1 thread$/);
    expect(lines[1]).toMatch(
      /^epoch 1\/1 · train loss 0\.\d{4} · test loss 0\.\d{4} · test accuracy \d+\.\d\d % · 0\.\d s$/,
    );
  });

  it("keeps memory flat", async () => {
    const { memory } = await import("@chainrule/core");
    const bytes: number[] = [];
    const options = {
      loss: crossEntropy,
      optimizer: new Adam(),
      epochs: 6,
      validation,
      callbacks: [{ onEpochEnd: () => void bytes.push(memory().cpu!.bytes) }],
    };
    await fit(smallModel(), loaderOf(data), options);
    expect(bytes.at(-1)).toBe(bytes[2]);
  });

  it("refuses options and data that make no sense", async () => {
    const options = { loss: crossEntropy, optimizer: new SGD({ lr: 0.1 }), epochs: 1 };
    const empty: Batches = { length: 0, examples: 0, async *[Symbol.asyncIterator]() {} };
    await expect(fit(smallModel(), data, { ...options, epochs: 0 })).rejects.toThrow(/epochs is 0/);
    await expect(fit(new Sequential(), data, options)).rejects.toThrow(/no parameters/);
    await expect(fit(smallModel(), empty, options)).rejects.toThrow(/no batches/);
    await expect(fit(smallModel(), {} as Batches, options)).rejects.toThrow(OptionError);
  });
});

describe("predict", () => {
  it("gives the same outputs for a tensor, a dataset and a loader", async () => {
    const model = smallModel();
    const { tensor } = await import("@chainrule/core");
    const { data: points, shape } = validation.columns.x;
    const direct = await model.forward(tensor(points, { shape })).data();
    const whole = await predict(model, tensor(points, { shape }), { batchSize: 64 });
    expect(whole.shape).toEqual([200, 2]);
    for (const outputs of [
      whole,
      await predict(model, validation),
      await predict(model, new DataLoader(validation)),
    ]) {
      const values = await outputs.data();
      values.forEach((value, i) => expect(value).toBeCloseTo(direct[i]!, 5));
    }
  });
});
