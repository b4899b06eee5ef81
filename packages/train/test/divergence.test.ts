import { debug, NumericError, registerBackend, setBackend, type Tensor, tensor } from "@chainrule/core";
import { ArrayDataset } from "@chainrule/data";
import { Buffer, crossEntropy, Module, Parameter } from "@chainrule/nn";
import { Adam, cosine, SGD } from "@chainrule/optim";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Batches, DivergedError, fit, type FitOptions } from "../src/index.ts";
import { runningAhead } from "./ahead.ts";
import { loaderOf, quadrants, smallModel, weightsOf } from "./helpers.ts";

/** Points of which number `bad` has an infinite coordinate. */
function poisoned(bad: number): ArrayDataset {
  const { x, y } = quadrants(96).columns;
  const data = x.data.slice();
  data[2 * bad] = Infinity;
  return new ArrayDataset({ x: { ...x, data }, y });
}

/** The first 64 examples. */
function take64({ columns: { x, y } }: ArrayDataset): ArrayDataset {
  return new ArrayDataset({
    x: { data: x.data.slice(0, 128), shape: [64, 2] },
    y: { data: y.data.slice(0, 64), shape: [64] },
  });
}

async function failure(attempt: Promise<unknown>): Promise<DivergedError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DivergedError);
  return error as DivergedError;
}

registerBackend(runningAhead("ahead", true));

const optimizers = [() => new SGD({ lr: 0.1, momentum: 0.9 }), () => new Adam({ lr: 0.01 })];

const ways = [
  { way: "captured", backend: "cpu", capture: true },
  { way: "uncaptured", backend: "cpu", capture: false },
  { way: "captured, read late", backend: "ahead", capture: true },
  { way: "uncaptured on a backend that runs ahead", backend: "ahead", capture: false },
];

describe.each(ways)("a step that makes a NaN ($way)", ({ backend, capture }) => {
  beforeAll(() => setBackend(backend));
  afterAll(() => setBackend("cpu"));

  it.each(optimizers)(
    "stops training within that step and keeps the weights from before it",
    async (optimizer) => {
      const inOrder = { shuffle: false };
      const [failed, good] = [smallModel(), smallModel()];
      const used = optimizer();
      const options = { loss: crossEntropy, epochs: 2, capture, schedule: cosine(12) };
      const error = await failure(
        fit(failed, loaderOf(poisoned(40), inOrder), { ...options, optimizer: used }),
      );
      // Number 40 is in the third batch of 16: two good steps.
      expect(error).toMatchObject({ epoch: 1, step: 3 });
      expect(error.history).toMatchObject({ epochs: [], steps: 2, stopped: { epoch: 1, step: 3 } });
      const reference = optimizer();
      const first = new ArrayDataset({
        x: { data: quadrants(96).columns.x.data.subarray(0, 64), shape: [32, 2] },
        y: { data: quadrants(96).columns.y.data.subarray(0, 32), shape: [32] },
      });
      await fit(good, loaderOf(first, inOrder), { ...options, optimizer: reference, epochs: 1 });
      expect(await weightsOf(failed)).toEqual(await weightsOf(good));
      for (const [name, value] of Object.entries(used.stateDict().tensors)) {
        expect(await value.data(), name).toEqual(await reference.stateDict().tensors[name]!.data());
      }
      expect(used.stateDict().numbers).toEqual(reference.stateDict().numbers);
    },
  );

  it("sees an infinite gradient under a finite loss", async () => {
    /** √|w·x| has an infinite slope where w·x is 0. */
    class Root extends Module {
      readonly weight = new Parameter(tensor([[1], [1]]));
      override forward(x: Tensor): Tensor {
        return x.matmul(this.weight).abs().sqrt();
      }
    }
    const model = new Root();
    const data = new ArrayDataset({
      x: { data: Float32Array.of(1, 2, 3, -3), shape: [2, 2] },
      y: { data: Float32Array.of(1, 1), shape: [2, 1] },
    });
    const losses: number[] = [];
    const options: FitOptions = {
      loss: (output, target) => output.sub(target).square().mean(),
      optimizer: new SGD({ lr: 0 }),
      epochs: 1,
      capture,
      callbacks: [{ onStepEnd: ({ loss }) => void losses.push(loss) }],
    };
    const error = await failure(fit(model, loaderOf(data, { batchSize: 1, shuffle: false }), options));
    expect(error.step).toBe(2);
    expect(losses).toHaveLength(1);
    expect([...(await model.weight.data())]).toEqual([1, 1]);
  });

  it("leaves buffers as they were before it, as weights", async () => {
    /** Follows the mean of its inputs, as normalisation layers do. */
    class Centre extends Module {
      readonly weight = new Parameter(tensor([[1], [1]]));
      readonly mean = new Buffer(tensor([0, 0]));
      override forward(x: Tensor): Tensor {
        this.mean.assign(this.mean.mul(0.5).add(x.mean(0).mul(0.5)));
        return x.sub(this.mean).matmul(this.weight);
      }
    }
    const x = Float32Array.of(2, 4, 4, 8, Infinity, 1);
    const data = new ArrayDataset({
      x: { data: x, shape: [3, 2] },
      y: { data: x.slice(0, 3), shape: [3, 1] },
    });
    const loss: FitOptions["loss"] = (output, target) => output.sub(target).square().mean();
    const model = new Centre();
    const options = { loss, optimizer: new SGD({ lr: 1e-3 }), epochs: 1, capture };
    await failure(fit(model, loaderOf(data, { batchSize: 1, shuffle: false }), options));
    expect([...(await model.mean.data())]).toEqual([2.5, 5]);
  });
});

describe("under debug", () => {
  it("fit names the operation that made the first NaN, and the weights stay", async () => {
    const model = smallModel();
    const before = await weightsOf(model);
    debug({ eager: true, nanCheck: true });
    try {
      const attempt = fit(model, loaderOf(quadrants(32)), {
        loss: (output) => output.sub(100).log().mean(),
        optimizer: new SGD({ lr: 0.1 }),
        epochs: 1,
      });
      await expect(attempt).rejects.toThrow(NumericError);
      await expect(attempt).rejects.toThrow(/log/);
      await expect(attempt).rejects.not.toThrow(DivergedError);
    } finally {
      debug({ eager: false, nanCheck: false });
    }
    expect(await weightsOf(model)).toEqual(before);
  });

  it("fit takes the same steps, one operation at a time", async () => {
    const [eager, captured] = [smallModel(), smallModel()];
    const train = (model: typeof eager): Promise<unknown> =>
      fit(model, loaderOf(quadrants(64)), {
        loss: crossEntropy,
        optimizer: new Adam({ lr: 0.01 }),
        epochs: 2,
      });
    await train(captured);
    debug({ eager: true });
    try {
      await train(eager);
    } finally {
      debug({ eager: false });
    }
    expect(await weightsOf(eager)).toEqual(await weightsOf(captured));
  });
});

describe("the error", () => {
  it("is a NumericError that says what to do, and callbacks see the end", async () => {
    const ends: unknown[] = [];
    const error = await failure(
      fit(smallModel(), loaderOf(poisoned(0), { shuffle: false }), {
        loss: crossEntropy,
        optimizer: new SGD({ lr: 0.5 }),
        epochs: 1,
        callbacks: [{ onTrainEnd: ({ stopped }) => void ends.push(stopped) }],
      }),
    );
    expect(error).toBeInstanceOf(NumericError);
    expect(error.message).toMatch(
      /step 1 of epoch 1.*debug\(\{ eager: true, nanCheck: true \}\).*it was 0\.5/,
    );
    expect(ends).toEqual([{ reason: "the loss or a gradient was not finite", epoch: 1, step: 1 }]);
  });

  it("comes in a later epoch with the history so far", async () => {
    let epochs = 0;
    const batches: Batches = {
      length: 4,
      examples: 64,
      [Symbol.asyncIterator]: () => {
        const data = ++epochs === 3 ? poisoned(20) : quadrants(64);
        return loaderOf(take64(data), { shuffle: false })[Symbol.asyncIterator]();
      },
    };
    const options = { loss: crossEntropy, optimizer: new SGD({ lr: 0.1 }), epochs: 5 };
    const error = await failure(fit(smallModel(), batches, options));
    expect(error).toMatchObject({ epoch: 3, step: 2 });
    expect(error.history).toMatchObject({ steps: 9, epochs: [{ epoch: 1 }, { epoch: 2 }] });
  });
});
