import { IndexError, registerBackend, setBackend } from "@chainrule/core";
import { ArrayDataset } from "@chainrule/data";
import { crossEntropy, Embedding, Flatten, Linear, Sequential } from "@chainrule/nn";
import { Adam } from "@chainrule/optim";
import { afterEach, describe, expect, it } from "vitest";
import {
  type Batches,
  type Callback,
  DivergedError,
  fit,
  type History,
  learningRateLogger,
  progressBar,
  type StepRecord,
} from "../src/index.ts";
import { reads, runningAhead } from "./ahead.ts";
import { loaderOf, quadrants, smallModel, textSink, weightsOf } from "./helpers.ts";

registerBackend(runningAhead("ahead", true));
registerBackend(runningAhead("ahead and far", false));

afterEach(() => setBackend("cpu"));

interface Trained {
  readonly history: History;
  readonly weights: Record<string, number[]>;
  /** Reads during training. */
  readonly reads: number;
}

/** Two epochs of six steps. */
async function train(backend: string, callbacks: Callback[] = []): Promise<Trained> {
  await setBackend(backend);
  const model = smallModel();
  const before = reads.count;
  const history = await fit(model, loaderOf(quadrants(96)), {
    loss: crossEntropy,
    optimizer: new Adam({ lr: 0.01 }),
    epochs: 2,
    callbacks,
  });
  const made = reads.count - before;
  return { history, weights: await weightsOf(model), reads: made };
}

const lossesOf = ({ epochs }: History): number[] => epochs.map(({ trainLoss }) => trainLoss);

describe("on a backend that runs ahead", () => {
  it("a step that logs no loss reads nothing; what comes out is the same to the bit", async () => {
    const expected = await train("cpu");
    const trained = await train("ahead", [{ onStepEnd: ({ milliseconds }) => void milliseconds }]);
    expect(trained.reads).toBe(2);
    expect(trained.weights).toEqual(expected.weights);
    expect(lossesOf(trained.history)).toEqual(lossesOf(expected.history));
  });

  it.each(["ahead", "ahead and far"])("callbacks get the loss that they ask for (%s)", async (backend) => {
    const collect = (losses: number[]): Callback => ({
      onStepEnd: (record) => void (record.step % 3 === 1 && losses.push(record.loss)),
    });
    const expected: number[] = [];
    const losses: number[] = [];
    await train("cpu", [collect(expected)]);
    const trained = await train(backend, [collect(losses)]);
    expect(losses).toEqual(expected);
    // Where nothing can be read at once, it is read before callbacks could ask.
    expect(trained.reads).toBe(backend === "ahead" ? 2 + 4 : 12);
  });

  it("where nothing can be read at once, callbacks that say that they will not look cost no read", async () => {
    const losses: number[] = [];
    const expected = await train("cpu", [{ onStepEnd: ({ loss }) => void losses.push(loss) }]);
    const bar = textSink();
    let steps = 0;
    let shown = Number.NaN;
    const everyFourth: Callback = {
      readsLoss: () => ++steps % 4 === 0,
      onStepEnd: (record) => {
        if (steps % 4 === 0) shown = record.loss;
      },
    };
    const callbacks = [
      everyFourth,
      learningRateLogger({ everySteps: 2, sink: textSink() }),
      progressBar({ sink: bar, plainInterval: 1e6 }),
    ];
    const trained = await train("ahead and far", callbacks);
    // At steps 4, 8 and 12, and at the end of the first epoch; at that of the second nothing is left.
    expect(trained.reads).toBe(3 + 1);
    expect(shown).toBe(losses[11]);
    expect(trained.weights).toEqual(expected.weights);
    const failing = train("ahead and far", [
      { readsLoss: () => false, onStepEnd: ({ loss }) => void losses.push(loss) },
    ]);
    await expect(failing).rejects.toThrow(/cannot be read synchronously/);
  });

  it("progressBar reads the losses that it shows, and no others", async () => {
    const bar = textSink({ isTTY: true });
    const trained = await train("ahead and far", [progressBar({ sink: bar, interval: 0 })]);
    // The last loss of an epoch is read with those of the whole epoch.
    expect(trained.reads).toBe(12);
    expect(bar.text).toMatch(/epoch 2\/2 .*6\/6 · loss \d/);
  });

  it("a record that is kept has its loss later, also as JSON", async () => {
    const records: StepRecord[] = [];
    const trained = await train("ahead", [{ onStepEnd: (record) => void records.push(record) }]);
    expect(trained.reads).toBe(2);
    const kept = records.map((record) => JSON.parse(JSON.stringify(record)) as StepRecord);
    expect(kept.map(({ loss }) => Number.isFinite(loss))).toEqual(records.map(() => true));
    expect(kept[7]).toMatchObject({ epoch: 2, step: 2, examples: 32 });
  });

  it("long epochs are read now and then, so that a bad step is not told of too late", async () => {
    await setBackend("ahead");
    const data = quadrants(1200);
    data.columns.x.data[2 * 1100] = Infinity;
    let taken = 0;
    const attempt = fit(smallModel(), loaderOf(data, { batchSize: 2, shuffle: false }), {
      loss: crossEntropy,
      optimizer: new Adam(),
      epochs: 3,
      callbacks: [{ onStepEnd: () => void taken++ }],
    });
    await expect(attempt).rejects.toMatchObject({ epoch: 1, step: 551, history: { steps: 550 } });
    expect(taken).toBe(600);
  });

  it("training moves to another backend and back between steps", async () => {
    const expected = await train("cpu");
    await setBackend("cpu");
    const model = smallModel();
    const optimizer = new Adam({ lr: 0.01 });
    const loader = loaderOf(quadrants(96));
    const places = ["cpu", "ahead", "cpu", "ahead and far"];
    const batches = between(loader, async (step) => {
      if (step % 3 !== 0) return;
      const place = places[step / 3]!;
      await setBackend(place);
      await model.to(place);
      await optimizer.to(place);
    });
    const history = await fit(model, batches, { loss: crossEntropy, optimizer, epochs: 2 });
    expect(await weightsOf(model)).toEqual(expected.weights);
    expect(lossesOf(history)).toEqual(lossesOf(expected.history));
  });

  it("a bad step is told of before the first step on another backend", async () => {
    await setBackend("ahead");
    const data = quadrants(96);
    data.columns.x.data[2 * 20] = NaN;
    const model = smallModel();
    const optimizer = new Adam({ lr: 0.01 });
    const batches = between(loaderOf(data, { shuffle: false }), async (step) => {
      if (step !== 4) return;
      await setBackend("cpu");
      await model.to("cpu");
      await optimizer.to("cpu");
    });
    const attempt = fit(model, batches, { loss: crossEntropy, optimizer, epochs: 1 });
    await expect(attempt).rejects.toMatchObject({ epoch: 1, step: 2, history: { steps: 1 } });
    expect(optimizer.stateDict().numbers["0.step"]).toBe(1);
  });

  it("an error elsewhere leaves the optimiser where the steps that counted left it", async () => {
    await setBackend("ahead");
    const data = quadrants(96);
    data.columns.x.data[2 * 20] = NaN;
    const optimizer = new Adam({ lr: 0.01 });
    const attempt = fit(smallModel(), loaderOf(data, { shuffle: false }), {
      loss: crossEntropy,
      optimizer,
      epochs: 1,
      callbacks: [
        {
          onStepEnd: ({ step }) => {
            if (step === 4) throw new Error("enough");
          },
        },
      ],
    });
    await expect(attempt).rejects.toThrow("enough");
    expect(optimizer.stateDict().numbers["0.step"]).toBe(1);
  });

  it("a step that the backend refuses is not counted", async () => {
    const x = Int32Array.from({ length: 96 }, (_, i) => (i === 50 ? 7 : i % 4));
    const data = new ArrayDataset({
      x: { data: x, shape: [96, 1] },
      y: { data: x.map((word) => word % 2), shape: [96] },
    });
    for (const backend of ["cpu", "ahead"]) {
      await setBackend(backend);
      const optimizer = new Adam({ lr: 0.01 });
      const model = new Sequential(new Embedding(4, 3), new Flatten(), new Linear(3, 2));
      const options = { loss: crossEntropy, optimizer, epochs: 1 };
      await expect(fit(model, loaderOf(data, { shuffle: false }), options)).rejects.toThrow(IndexError);
      expect(optimizer.stateDict().numbers["0.step"]).toBe(3);
    }
  });

  it("the error is that of any backend", async () => {
    await setBackend("ahead");
    const data = quadrants(64);
    data.columns.x.data[2 * 40] = Infinity;
    const attempt = fit(smallModel(), loaderOf(data, { shuffle: false }), {
      loss: crossEntropy,
      optimizer: new Adam({ lr: 0.02 }),
      epochs: 1,
    });
    await expect(attempt).rejects.toThrow(DivergedError);
    await expect(attempt).rejects.toThrow(/step 3 of epoch 1; that step was not taken.*it was 0\.02/);
  });
});

/** Batches with `before` called ahead of each, with its number counted from 0 over all epochs. */
function between(batches: Batches, before: (step: number) => Promise<void>): Batches {
  let step = 0;
  return {
    length: batches.length,
    examples: batches.examples,
    async *[Symbol.asyncIterator]() {
      for await (const batch of batches) {
        await before(step++);
        yield batch;
      }
    },
  };
}
