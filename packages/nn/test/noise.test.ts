import { compile, Generator, ones, OptionError, random, tensor, type Tensor } from "@chainrule/core";
import { AlphaDropout, GaussianNoise, type Module } from "@chainrule/nn";
import { expectClose } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import "./setup.ts";

const generator = (): Generator => new Generator(6);
const layers: readonly [string, () => Module][] = [
  ["AlphaDropout", () => new AlphaDropout(0.3, { generator: generator() })],
  ["GaussianNoise", () => new GaussianNoise(0.3, { generator: generator() })],
];

describe.each(layers)("%s", (_, make) => {
  test("passes its input on in evaluation", () => {
    const x = ones([3]);
    expect(make().eval().forward(x)).toBe(x);
  });

  test("draws anew at each call, the same from the same seed, captured or not", async () => {
    const [plain, captured] = [make(), make()];
    const run = compile((x: Tensor) => captured.forward(x));
    const seen = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const expected = await plain.forward(ones([16])).data();
      expect(await run(ones([16])).data()).toEqual(expected);
      seen.add(expected.join());
    }
    expect(seen.size).toBe(3);
  });

  test("keeps the dtype", () => {
    expect(make().forward(tensor(new Float64Array(3))).dtype).toBe("float64");
  });

  test("keeps mean and variance as it says", async () => {
    const x = random.normal([400, 100], { generator: new Generator(2), dtype: "float64" });
    const y = make().forward(x);
    const variance = y.variance();
    expect(Math.abs(await y.mean().item())).toBeLessThan(0.03);
    const expected = make() instanceof GaussianNoise ? 1.09 : 1;
    expect(Math.abs((await variance.item()) - expected)).toBeLessThan(0.03);
  });
});

test("AlphaDropout sets what it drops to one value, and maps the rest by a line", async () => {
  const p = 0.3;
  const x = tensor(Float64Array.from({ length: 1000 }, (_, i) => 1 + i / 100));
  const layer = new AlphaDropout(p, { generator: generator() });
  const y = layer.forward(x);
  const low = -1.6732632423543772 * 1.0507009873554805;
  const a = ((1 - p) * (1 + p * low ** 2)) ** -0.5;
  const [dropped, kept] = [a * low - a * p * low, (value: number) => a * value - a * p * low];
  const [values, slopes] = [await y.data(), await y.sum().gradient(x)[0]!.data()];
  const xs = await x.data();
  const passed = slopes.filter((slope) => slope !== 0);
  expect(passed.length / 1000).toBeCloseTo(1 - p, 1);
  const expected = Array.from(xs, (value, i) => (slopes[i] === 0 ? dropped : kept(value)));
  expectClose(values, expected, { rtol: 1e-12 });
  for (const slope of passed) expect(slope).toBeCloseTo(a, 12);
});

test("AlphaDropout of all gives zeros, of none the input", async () => {
  expect(await new AlphaDropout(1).forward(ones([2])).toArray()).toEqual([0, 0]);
  const x = ones([2]);
  expect(new AlphaDropout(0).forward(x)).toBe(x);
  expect(() => new AlphaDropout(1.1)).toThrow(OptionError);
  expect(() => new AlphaDropout(Number.NaN)).toThrow("AlphaDropout: p must be in [0, 1], not NaN");
  expect([new AlphaDropout(0.2), new AlphaDropout()].map(String)).toEqual([
    "AlphaDropout(p=0.2)",
    "AlphaDropout(p=0.5)",
  ]);
});

test("GaussianNoise adds to its input, and passes the gradient as it is", async () => {
  const x = tensor([100, 200]);
  const y = new GaussianNoise(1e-3, { generator: generator() }).forward(x);
  await expectClose(y, [100, 200], { atol: 0.01 });
  expect(await y.data()).not.toEqual(await x.data());
  expect(await y.sum().gradient(x)[0]!.toArray()).toEqual([1, 1]);
  expect(new GaussianNoise(0).forward(x)).toBe(x);
  expect(() => new GaussianNoise(-1)).toThrow(OptionError);
  expect(String(new GaussianNoise(0.5))).toBe("GaussianNoise(std=0.5)");
});
