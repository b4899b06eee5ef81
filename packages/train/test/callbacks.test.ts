import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSafetensors } from "@chainrule/io/node";
import { crossEntropy, type Module } from "@chainrule/nn";
import { Adam, SGD } from "@chainrule/optim";
import { describe, expect, it } from "vitest";
import {
  type Callback,
  earlyStopping,
  type EarlyStoppingOptions,
  type EpochRecord,
  fit,
  type History,
  learningRateLogger,
  progressBar,
  type Run,
  type StepRecord,
} from "../src/index.ts";
import { modelCheckpoint } from "../src/node.ts";
import { loaderOf, quadrants, smallModel, textSink, weightsOf } from "./helpers.ts";

const data = quadrants(96);
const options = { loss: crossEntropy, optimizer: new SGD({ lr: 0.1 }) };

/** Feeds a callback epochs whose figures are given; the epoch after which it stopped the run, or null. */
async function play(
  callback: Callback,
  losses: number[],
  model: Module,
  perEpoch?: () => void,
): Promise<number | null> {
  let stopped: number | null = null;
  const run = { model, stop: () => {} } as unknown as Run;
  await callback.onTrainStart?.(run);
  for (const [i, testLoss] of losses.entries()) {
    perEpoch?.();
    const record: EpochRecord = {
      epoch: i + 1,
      trainLoss: 1,
      testLoss,
      testAccuracy: 1 - testLoss,
      seconds: 1,
      lr: 0.1,
      metrics: { half: testLoss / 2 },
    };
    await callback.onEpochEnd?.(record, { ...run, stop: () => (stopped ??= i + 1) });
    if (stopped !== null) break;
  }
  await callback.onTrainEnd?.({} as History, run);
  return stopped;
}

describe("earlyStopping", () => {
  it.each<[string, EarlyStoppingOptions, number[], number | null]>([
    ["waits for patience epochs", { patience: 2 }, [0.5, 0.4, 0.45, 0.41, 0.3], 4],
    ["begins to wait anew at each improvement", { patience: 2 }, [0.5, 0.6, 0.4, 0.5, 0.3], null],
    ["asks for minDelta", { patience: 2, minDelta: 0.1 }, [0.5, 0.45, 0.42, 0.1], 3],
    ["takes no NaN for an improvement", { patience: 1 }, [0.5, NaN], 2],
    ["goes up for accuracy", { patience: 1, monitor: "testAccuracy" }, [0.5, 0.4, 0.45], 3],
    ["knows metrics and either direction", { patience: 1, monitor: "half", mode: "max" }, [0.5, 0.6, 0.4], 3],
  ])("%s", async (_, options, losses, expected) => {
    expect(await play(earlyStopping(options), losses, smallModel())).toBe(expected);
  });

  it("gives the model back the weights of its best epoch", async () => {
    const model = smallModel();
    const versions: Record<string, number[]>[] = [];
    for (let i = 0; i < 4; i++) versions.push(await weightsOf(smallModel(10 + i)));
    let epoch = 0;
    const next = (): void => void model.loadStateDict(smallModel(10 + epoch++).stateDict());
    await play(earlyStopping({ patience: 2 }), [0.5, 0.2, 0.3, 0.4], model, next);
    expect(await weightsOf(model)).toEqual(versions[1]);
    epoch = 0;
    await play(earlyStopping({ patience: 2, restoreBest: false }), [0.5, 0.2, 0.3, 0.4], model, next);
    expect(await weightsOf(model)).toEqual(versions[3]);
  });

  it("restores within fit, also after captured steps changed the weights in place", async () => {
    const model = smallModel();
    const seen: Record<string, number[]>[] = [];
    const history = await fit(model, loaderOf(data), {
      ...options,
      optimizer: new Adam({ lr: 0.5 }),
      epochs: 30,
      validation: quadrants(50, 4),
      callbacks: [
        earlyStopping({ patience: 2 }),
        { onEpochEnd: async (_, run) => void seen.push(await weightsOf(run.model as never)) },
      ],
    });
    const losses = history.epochs.map(({ testLoss }) => testLoss!);
    expect(history.stopped?.reason).toMatch(/^testLoss did not improve on .* for 2 epochs$/);
    expect(await weightsOf(model)).toEqual(seen[losses.indexOf(Math.min(...losses))]);
  });

  it("refuses a figure that is not measured and a patience below 1", async () => {
    const stopping = fit(smallModel(), loaderOf(data), {
      ...options,
      epochs: 1,
      callbacks: [earlyStopping()],
    });
    await expect(stopping).rejects.toThrow(/monitor "testLoss" is not measured; there are trainLoss/);
    expect(() => earlyStopping({ patience: 0 })).toThrow(/patience is 0/);
    expect(() => earlyStopping({ minDelta: -1 })).toThrow(/minDelta is -1/);
  });
});

describe("progressBar", () => {
  const record: EpochRecord = {
    epoch: 2,
    trainLoss: 0.25,
    testLoss: 0.125,
    testAccuracy: 0.975,
    seconds: 4.04,
    lr: 0.001,
    metrics: { top3: 0.5 },
  };
  const run = {
    backend: { name: "gpu", mode: "webgl2", threads: 2 },
    epochs: 5,
    stepsPerEpoch: 100,
    examplesPerEpoch: 6400,
  } as Run;
  const step: StepRecord = { epoch: 2, step: 50, examples: 3200, loss: 0.5, milliseconds: 3 };
  const drive = async (bar: Callback): Promise<void> => {
    await bar.onTrainStart?.(run);
    await bar.onEpochStart?.(2, run);
    bar.onStepEnd?.(step, run);
    await bar.onEpochEnd?.(record, run);
    await bar.onTrainEnd?.({ stopped: null } as History, run);
  };

  it("redraws one line on a terminal, and each epoch keeps a line", async () => {
    const sink = textSink({ isTTY: true, columns: 92 });
    await drive(progressBar({ sink, interval: 0, unit: "images" }));
    const [first, second, ...rest] = sink.text.split("\n");
    expect(first).toBe("backend gpu · webgl2 · 2 threads");
    const [, bar, kept] = second!.split("\r\u001b[2K");
    expect(bar).toMatch(/^epoch 2\/5 ━{10}─{10} 50\/100 · loss 0\.5000 · [\d,∞]+ images\/s · \d+ s left$/);
    expect(kept).toBe(
      "epoch 2/5 · train loss 0.2500 · test loss 0.1250 · test accuracy 97.50 % · top3 0.5000 · 4.0 s",
    );
    expect(rest).toEqual([""]);
  });

  it("writes plain, rare lines elsewhere", async () => {
    const sink = textSink();
    await drive(progressBar({ sink }));
    expect(sink.text.split("\n")).toHaveLength(3);
    const often = textSink({ isTTY: false });
    await drive(progressBar({ sink: often, plainInterval: 0 }));
    for (const mark of ["\r", "\u001b", "━"]) expect(often.text).not.toContain(mark);
    expect(often.text).toContain("\nepoch 2/5 50/100 · loss 0.5000");
  });

  it("says why training ended early, below a half-drawn bar", async () => {
    const sink = textSink({ isTTY: true });
    const bar = progressBar({ sink, interval: 0 });
    bar.onStepEnd?.(step, run);
    await bar.onTrainEnd?.({ stopped: { reason: "interrupted", epoch: 2, step: 50 } } as History, run);
    expect(sink.text.endsWith("\r\u001b[2Kstopped in epoch 2, step 50: interrupted\n")).toBe(true);
  });
});

describe("learningRateLogger", () => {
  it("writes the rate by epoch or by step", async () => {
    const [byEpoch, byStep] = [textSink(), textSink()];
    await fit(smallModel(), loaderOf(data, { batchSize: 32 }), {
      ...options,
      optimizer: new SGD({ lr: 0.1 }),
      epochs: 2,
      schedule: (step) => 1 / 2 ** step,
      callbacks: [learningRateLogger({ sink: byEpoch }), learningRateLogger({ sink: byStep, everySteps: 2 })],
    });
    expect(byEpoch.text).toBe("epoch 1: learning rate 0.025\nepoch 2: learning rate 0.003125\n");
    expect(byStep.text).toBe(
      "epoch 1, after step 2: learning rate 0.025\nepoch 2, after step 2: learning rate 0.003125\n",
    );
  });
});

describe("modelCheckpoint", () => {
  it("saves each epoch, or only those that are the best so far", async () => {
    const folder = await mkdtemp(join(tmpdir(), "chainrule-checkpoint-"));
    try {
      const model = smallModel();
      const path = join(folder, "deep", "epoch-{epoch}.safetensors");
      await fit(model, loaderOf(data), { ...options, epochs: 2, callbacks: [modelCheckpoint({ path })] });
      expect(await readdir(join(folder, "deep"))).toEqual(["epoch-1.safetensors", "epoch-2.safetensors"]);
      const { tensors, metadata } = await loadSafetensors(path.replace("{epoch}", "2"));
      expect((JSON.parse(metadata.epoch!) as EpochRecord).epoch).toBe(2);
      const copy = smallModel(99);
      copy.loadStateDict(tensors);
      expect(await weightsOf(copy)).toEqual(await weightsOf(model));
      const best = modelCheckpoint({ path: join(folder, "best", "{epoch}"), bestOnly: true });
      await play(best, [0.5, 0.6, 0.4, 0.4], model);
      expect(await readdir(join(folder, "best"))).toEqual(["1", "3"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
