import { describe, expect, test } from "vitest";
import { runLecture } from "../src/gallery/run.ts";
import { ideaOf, lectures } from "../src/lectures.ts";
import type { Result } from "../src/result.ts";

/** What a number must be. */
type Wanted = readonly ["≤" | "≥" | "=", number];

/**
 * The numbers that each script is held to, by words of the check's name: written here once more, so that a script
 * cannot pass by asking less of itself.
 */
const wanted: Readonly<Record<number, Readonly<Record<string, Wanted>>>> = {
  1: { "stay silent": ["=", 20], "relative error of the rate": ["≤", 0.01] },
  2: {
    "accuracy on the separable": ["=", 1],
    "500 passes over XOR": ["≥", 1],
    "accuracy on XOR": ["≤", 0.75],
  },
  3: { "QR and gradient descent": ["≤", 1e-6], "two solvers": ["≤", 1e-6] },
  4: { "cross-validation": ["=", 3], "validation set": ["=", 3] },
  5: { "(y − t)·x": ["≤", 1e-12], IRLS: ["≤", 1e-4] },
  6: { "y − t": ["≤", 1e-6], "test images": ["≥", 0.92] },
  7: { β0: ["≤", 2], β1: ["≤", 2], β2: ["≤", 2], β3: ["≤", 2], "∂L/∂z": ["≤", 1e-6] },
  8: { "truth table": ["=", 4], seeds: ["≥", 99] },
  9: { "share of the bound": ["≤", 1], "order of the error's fall": ["≤", -0.9], Boolean: ["=", 256] },
  10: { values: ["≤", 1], derivatives: ["≤", 1], identity: ["=", 0] },
  11: { "λ·½w²": ["≤", 1e-12], "x = t²": ["≤", 1e-12], scalars: ["≤", 1e-12], vectors: ["≤", 1e-12] },
  12: { "found by gradCheck": ["=", 1], "over time for backpropagation": ["≥", 10] },
  13: {
    "batch, rate 0.2": ["≤", 0.01],
    "mini-batch": ["≤", 0.01],
    stochastic: ["≤", 0.01],
    momentum: ["≤", 0.01],
    Nesterov: ["≤", 0.01],
    Adagrad: ["≤", 0.01],
    RMSprop: ["≤", 0.01],
    Adam: ["≤", 0.01],
    "L-BFGS": ["≤", 0.01],
    "different minima": ["≥", 2],
  },
  14: {
    "Glorot uniform, tanh": ["≤", 2],
    "Glorot normal, tanh": ["≤", 2],
    "orthogonal, tanh": ["≤", 2],
    "He uniform, ReLU": ["≤", 2],
    "He normal, fan-out, ReLU": ["≤", 2],
    "LeCun normal, linear": ["≤", 2],
    "from zeros": ["=", 0],
    "from a constant: the same": ["=", 0],
  },
  15: {
    "the dead layer named": ["=", 1],
    vanishing: ["=", 1],
    exploding: ["=", 1],
    "He's weights": ["=", 0],
  },
  16: { "tied weights": ["≤", 1e-12] },
  17: { regression: ["≥", 0.99], binary: ["≥", 0.97], "multi-class": ["≥", 0.97], "nodes drawn": ["=", 10] },
  18: { "test images": ["≥", 0.98], "carried image": ["=", 5] },
  19: { "test images": ["≥", 0.99], "first layer": ["=", 150], "moved by 3 pixels": ["≤", 1e-5] },
  20: {
    values: ["≤", 1],
    "gradients through time": ["≤", 1],
    "RNN, ReLU": ["≤", 0.01],
    LSTM: ["≤", 0.01],
    GRU: ["≤", 0.01],
  },
  21: { parameters: ["≥", 1], forward: ["=", 3_776_512], backward: ["=", 7_553_024] },
  22: { "difference of the gradients": ["≤", 1e-6], "speed-up": ["≥", 2] },
};

test("every row of the lectures has its script", () => {
  expect(lectures.map(({ id }) => id)).toEqual(Array.from({ length: 22 }, (_, i) => i + 1));
  for (const lecture of lectures) {
    expect(lecture.file).toMatch(new RegExp(`^${String(lecture.id).padStart(2, "0")}-[a-z-]+\\.ts$`));
    expect(ideaOf(lecture)).toMatch(/^[A-Z].*[.!]$/);
  }
});

// One after another: those that measure time must have the machine to themselves.
describe.each(lectures)("$id $name", (lecture) => {
  let result: Result;

  test("runs and reaches its numbers", { timeout: 180_000 }, async () => {
    const run = await runLecture(lecture);
    expect(run.error).toBeNull();
    result = run.result!;
    for (const { name, value, ok, wanted } of result.checks) {
      expect(ok, `${name}: ${value}, wanted ${wanted}`).toBe(true);
    }
    expect(result.ok).toBe(true);
  });

  test.each(Object.entries(wanted[lecture.id]!))("%s %s", (words, [relation, bound]) => {
    const found = result.checks.filter(({ name }) => name.includes(words));
    expect(found, words).not.toHaveLength(0);
    for (const { name, value } of found) {
      if (relation === "=") expect(value, name).toBe(bound);
      else if (relation === "≤") expect(value, name).toBeLessThanOrEqual(bound);
      else expect(value, name).toBeGreaterThanOrEqual(bound);
    }
  });

  test("draws figures with titles that are whole SVG documents of finite numbers", () => {
    expect(result.figures).not.toHaveLength(0);
    for (const svg of result.figures) {
      expect(svg).toMatch(/^<svg [^>]*aria-label="[^"]+"/);
      expect(svg.trimEnd()).toMatch(/<\/svg>$/);
      // Letters of an embedded picture may spell anything.
      expect(svg.replaceAll(/base64,[^"]*/g, "")).not.toMatch(/NaN|undefined|Infinity/);
    }
  });
});

test("regularisers: all eight are compared with the net left alone", async () => {
  const { result } = await runLecture(lectures.find(({ id }) => id === 16)!);
  const alone = result!.notes.find(({ name }) => name.includes("left alone"))!.value;
  const held = result!.checks.filter(({ name }) => name.includes("validation loss"));
  expect(held).toHaveLength(8);
  for (const { name, value } of held) expect(value, name).toBeLessThan(Number(alone));
});

test("a script gives the same numbers whatever ran before it", async () => {
  const lecture = lectures.find(({ id }) => id === 7)!;
  const numbers = async () => (await runLecture(lecture)).result!.checks.map(({ value }) => value);
  const first = await numbers();
  await runLecture(lectures[0]!);
  expect(await numbers()).toEqual(first);
});
