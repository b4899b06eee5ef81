import { describe, expect, test } from "vitest";
import { casesOf, denseNetwork, trainingCase } from "../src/cases.ts";
import { convolutionInputs } from "../src/inputs.ts";
import { benches } from "../src/names.ts";
import type { Network } from "../src/network.ts";
import { referenceTraining } from "../src/reference/training.ts";
import { checkedSteps, verifierOf } from "../src/verify.ts";
import { referenceElementwise } from "../src/reference/elementwise.ts";
import { referenceProduct } from "../src/reference/product.ts";

describe("verification", () => {
  test("a product: rounding passes, a wrong element, a NaN and a wrong size do not", () => {
    const verify = verifierOf({ kind: "product", n: 32, form: "TN" });
    const right = Float32Array.from(referenceProduct(32));
    expect(verify({ result: right })).toBeUndefined();
    expect(verify({ result: right.map((value, i) => (i === 7 ? value + 1e-3 : value)) })).toContain(
      "element 7 is",
    );
    expect(verify({ result: right.map((value, i) => (i === 9 ? Number.NaN : value)) })).toContain(
      "element 9 is NaN",
    );
    expect(verify({ result: right.subarray(1) })).toBe("1023 elements instead of 1024");
    expect(verify({})).toBe("no elements instead of 1024");
  });

  test.each(["forward", "input", "weight"] as const)("a convolution with stride and padding: %s", (pass) => {
    const shape = {
      batch: 2,
      inChannels: 2,
      outChannels: 3,
      size: 5,
      kernel: 3,
      stride: 2,
      padding: 1,
    };
    const work = { kind: "convolution", shape, pass } as const;
    const { x, w, dy } = convolutionInputs(work);
    // Its definition, one product at a time: what each triple of positions adds to the sum of y·dy.
    const expected = new Float64Array({ forward: dy, input: x, weight: w }[pass].length);
    for (let i = 0; i < dy.length; i++) {
      const [n, o, row, column] = [Math.floor(i / 27), Math.floor(i / 9) % 3, Math.floor(i / 3) % 3, i % 3];
      for (let k = 0; k < 18; k++) {
        const [c, y0, x0] = [Math.floor(k / 9), Math.floor(k / 3) % 3, k % 3];
        const [top, left] = [2 * row + y0 - 1, 2 * column + x0 - 1];
        if (Math.min(top, left) < 0 || Math.max(top, left) > 4) continue;
        const [at, tap] = [((n * 2 + c) * 5 + top) * 5 + left, o * 18 + k];
        if (pass === "forward") expected[i]! += x[at]! * w[tap]!;
        else if (pass === "input") expected[at]! += w[tap]! * dy[i]!;
        else expected[tap]! += x[at]! * dy[i]!;
      }
    }
    const right = Float32Array.from(expected);
    const verify = verifierOf(work);
    expect(verify({ result: right })).toBeUndefined();
    expect(verify({ result: right.map((value) => value + 1e-3) })).toContain("element 0");
  });

  test.each(["chain", "exp", "softmax", "sum"] as const)("%s", (op) => {
    const work = { kind: "elementwise", op, rows: 4, columns: 8 } as const;
    const right = Float32Array.from(referenceElementwise(work));
    expect(verifierOf(work)({ result: right })).toBeUndefined();
    expect(verifierOf(work)({ result: right.map((value) => value * 1.001 + 1e-3) })).toContain("element 0");
  });

  const results = (work: ReturnType<typeof trainingCase>, steps: number): Record<string, Float32Array> => {
    const { loss, parameters } = referenceTraining(work, steps);
    const entries = parameters.map((values, i) => [`${i}`, Float32Array.from(values)] as const);
    return { loss: Float32Array.of(loss), ...Object.fromEntries(entries) };
  };

  const networks: Readonly<Record<string, Network>> = {
    "dense classifier": denseNetwork(6, 5, 4, 3),
    tanh: denseNetwork(2, 8, 1),
    convolutional: { kind: "convolutional", size: 4, channels: [2, 3, 4], kernel: 3, layers: [4, 5, 3] },
    recurrent: { kind: "recurrent", steps: 4, inputs: 3, hidden: 5, classes: 3 },
    encoder: { kind: "encoder", steps: 5, features: 6, heads: 2, feedForward: 7, classes: 3 },
  };

  test.each(
    Object.entries(networks).flatMap(([name, network]) =>
      (["sgd", "adam"] as const).map((optimizer) => ({ name, network, optimizer })),
    ),
  )("training $name with $optimizer: the gradients of the reference are right", ({ network, optimizer }) => {
    const work = trainingCase(network, optimizer, 5);
    expect(verifierOf(work)(results(work, checkedSteps))).toBeUndefined();
    // A small step of plain descent lowers the loss by lr·|gradient|².
    const rate = 1e-4;
    const small = { ...work, optimizer: "sgd", learningRate: rate } as const;
    const { initial, parameters, loss } = referenceTraining(small, 1);
    const square = parameters
      .flatMap((values, i) => Array.from(values, (value, j) => ((value - initial[i]![j]!) / rate) ** 2))
      .reduce((sum, value) => sum + value, 0);
    const decrease = loss - referenceTraining(small, 2).loss;
    expect(decrease / (rate * square)).toBeCloseTo(1, 2);
  });

  test("another update rule, or one step less, is found out", () => {
    const work = trainingCase(denseNetwork(6, 5, 3), "adam", 5);
    const verify = verifierOf(work);
    expect(verify(results({ ...work, optimizer: "sgd" }, checkedSteps))).toBeDefined();
    expect(verify(results(work, checkedSteps - 1))).toContain("loss");
    expect(verify({ ...results(work, checkedSteps), "0": new Float32Array(3) })).toBe(
      "parameter 0: wrong size",
    );
    const half = results({ ...work, learningRate: work.learningRate / 2 }, checkedSteps);
    const loss = results(work, checkedSteps)["loss"]!;
    expect(verify({ ...half, loss })).toMatch(/parameter 0 is off by 50 %/);
  });

  test("names of cases are unique", () => {
    for (const bench of benches) {
      for (const quick of [true, false]) {
        const names = (casesOf(bench, quick) ?? []).map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
      }
    }
  });
});
