import { eye, Generator, OptionError, random, ShapeError } from "@chainrule/core";
import { loadGains, loadScales } from "@chainrule/fixtures";
import * as init from "@chainrule/nn/init";
import { expectClose } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import "./setup.ts";

const generator = new Generator(3);

/** Mean, standard deviation and largest absolute value of a draw. */
async function moments(
  initializer: init.Initializer,
  shape: readonly number[],
): Promise<[number, number, number]> {
  const values = Array.from(await initializer(shape, { generator }).data());
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return [mean, Math.sqrt(variance), Math.max(...values.map(Math.abs))];
}

describe("moments", () => {
  const shape = [200, 300];
  const glorot = Math.sqrt(2 / 500);
  const cases: readonly [string, init.Initializer, number, number][] = [
    ["uniform", init.uniform(-2, 4), 1, 6 / Math.sqrt(12)],
    ["normal", init.normal(-1, 0.5), -1, 0.5],
    ["xavierUniform", init.xavierUniform(), 0, glorot],
    ["xavierNormal", init.xavierNormal({ gain: 2 }), 0, 2 * glorot],
    ["kaimingUniform", init.kaimingUniform(), 0, Math.sqrt(2 / 300)],
    ["kaimingNormal", init.kaimingNormal({ mode: "fanOut" }), 0, Math.sqrt(2 / 200)],
    ["kaimingNormal tanh", init.kaimingNormal({ nonlinearity: "tanh" }), 0, 5 / 3 / Math.sqrt(300)],
    ["kaimingUniform a = √5", init.kaimingUniform({ a: Math.sqrt(5) }), 0, Math.sqrt(1 / 3 / 300)],
    ["constant", init.constant(3), 3, 0],
    ["truncatedNormal", init.truncatedNormal(), 0, 0.8796256610342398],
    ["lecunUniform", init.lecunUniform(), 0, Math.sqrt(1 / 300)],
    ["lecunNormal", init.lecunNormal({ gain: 0.75 }), 0, 0.75 * Math.sqrt(1 / 300)],
    ["orthogonal", init.orthogonal(), 0, Math.sqrt(1 / 300)],
    ["orthogonal with a gain", init.orthogonal({ gain: 2 }), 0, 2 * Math.sqrt(1 / 300)],
    ["sparse", init.sparse(0.75, 2), 0, 2 * Math.sqrt(0.25)],
    ["sparse of none", init.sparse(0), 0, 0.01],
    ["zeros", init.zeros(), 0, 0],
    ["ones", init.ones(), 1, 0],
  ];
  test.each(cases)("%s", async (_, initializer, mean, std) => {
    const [seenMean, seenStd] = await moments(initializer, shape);
    // Five standard errors of 60,000 draws.
    expect(Math.abs(seenMean - mean)).toBeLessThanOrEqual((5 * std) / Math.sqrt(60000));
    expect(Math.abs(seenStd - std)).toBeLessThanOrEqual((5 * std) / Math.sqrt(60000));
  });

  test("aliases are the same functions", () => {
    expect(init.heNormal).toBe(init.kaimingNormal);
    expect(init.heUniform).toBe(init.kaimingUniform);
    expect(init.glorotNormal).toBe(init.xavierNormal);
    expect(init.glorotUniform).toBe(init.xavierUniform);
    expect(init.identity).toBe(init.eye);
  });
});

test("dtype and generator reach the numbers", async () => {
  const draw = async (seed: number): Promise<unknown> => {
    const tensor = init.kaimingNormal()([4, 4], { dtype: "float64", generator: new Generator(seed) });
    expect(tensor.dtype).toBe("float64");
    return tensor.data();
  };
  expect(await draw(1)).toEqual(await draw(1));
  expect(await draw(1)).not.toEqual(await draw(2));
});

test("without a generator the default one is drawn from", async () => {
  random.seed(11);
  const first = await init.uniform()([5]).data();
  random.seed(11);
  expect(await init.uniform()([5]).data()).toEqual(first);
});

test.each(loadGains().map((fixture) => [fixture.name, fixture] as const))(
  "%s as in PyTorch",
  (_, fixture) => {
    const gain = init.calculateGain(fixture.nonlinearity as init.Nonlinearity, fixture.param ?? undefined);
    expect(gain).toBeCloseTo(fixture.gain, 12);
  },
);

test.each(loadScales().map((fixture) => [fixture.name, fixture] as const))(
  "%s as in PyTorch",
  async (_, fixture) => {
    const { shape } = fixture;
    expect(init.fanInAndFanOut(shape)).toEqual({ fanIn: fixture.fanIn, fanOut: fixture.fanOut });
    const scaled = async (
      initializer: init.Initializer,
      plain: init.Initializer,
      scale: number,
    ): Promise<void> => {
      const [a, b] = [initializer, plain].map((f) =>
        f(shape, { dtype: "float64", generator: new Generator(4) }),
      );
      const [values, units] = [await a!.data(), await b!.data()];
      values.forEach((value, i) => expect(value).toBeCloseTo(units[i]! * scale, 10));
    };
    await scaled(init.kaimingNormal(), init.normal(), fixture.kaimingNormalStd);
    await scaled(init.kaimingNormal({ mode: "fanOut" }), init.normal(), fixture.kaimingNormalStdFanOut);
    await scaled(init.xavierNormal(), init.normal(), fixture.xavierNormalStd);
    const unit = init.uniform(-1, 1);
    await scaled(init.kaimingUniform({ nonlinearity: "relu" }), unit, fixture.kaimingUniformBound);
    await scaled(init.kaimingUniform({ a: Math.sqrt(5) }), unit, fixture.linearWeightBound);
    await scaled(init.xavierUniform(), unit, fixture.xavierUniformBound);
  },
);

test("what has no fans or no gain is refused", () => {
  expect(() => init.kaimingNormal()([5])).toThrow(ShapeError);
  expect(() => init.fanInAndFanOut([])).toThrow("[] has no fans");
  expect(() => init.calculateGain("swish" as never)).toThrow(OptionError);
  expect(() => init.calculateGain("toString" as never)).toThrow('unknown nonlinearity "toString"');
  expect(() => init.kaimingNormal({ mode: "fan_in" as never })([2, 2])).toThrow("fanIn, fanOut");
});

describe("truncatedNormal", () => {
  test("keeps to its bounds, which are values and not deviations", async () => {
    const values = Array.from(await init.truncatedNormal(1, 2, 0, 1.5)([2000], { generator }).data());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1.5);
    // Nearly even over a span that is short beside the deviation, a little denser at the mean.
    expect(values.reduce((sum, value) => sum + value, 0) / 2000).toBeCloseTo(0.76, 1);
    expect(() => init.truncatedNormal(0, 1, 2, -2)([2])).toThrow(OptionError);
  });
});

describe("orthogonal", () => {
  test.each([
    [[4, 4], 1],
    [[3, 7], 1],
    [[7, 3], 2],
    [[40, 30], 0.5],
    [[3, 2, 2, 2], 1],
    [[1, 1], 3],
  ] as const)("%o with gain %d: rows or columns are orthonormal times the gain", async (shape, gain) => {
    const options = { dtype: "float64", generator } as const;
    const flat = init.orthogonal({ gain })(shape, options).reshape(shape[0], -1);
    const [rows, columns] = flat.shape as [number, number];
    const gram = rows <= columns ? flat.matmul(flat.T) : flat.T.matmul(flat);
    const expected = eye(Math.min(rows, columns), undefined, { dtype: "float64" }).mul(gain ** 2);
    await expectClose(gram, expected, { atol: 1e-13, signedZero: false });
  });

  test("no direction is preferred: either sign is as likely, in every place", async () => {
    const draws = await Promise.all(
      Array.from({ length: 400 }, async () => init.orthogonal()([2, 2], { generator }).data()),
    );
    for (let i = 0; i < 4; i++) {
      const positive = draws.filter((values) => values[i]! > 0).length;
      expect(Math.abs(positive - 200)).toBeLessThan(50);
    }
    const reflections = draws.filter(([a, b, c, d]) => a! * d! - b! * c! < 0).length;
    expect(Math.abs(reflections - 200)).toBeLessThan(50);
  });
});

describe("sparse", () => {
  test("has the same number of zeros in each column", async () => {
    const weight = init.sparse(0.3, 5)([7, 40], { generator });
    const counts = await weight.equal(0).toFloat().sum(0).data();
    expect(new Set(counts)).toEqual(new Set([3]));
    const rows = await weight.equal(0).toFloat().sum(1).data();
    expect(new Set(rows).size).toBeGreaterThan(1);
  });
});

test("eye is the identity, also where it is no square", async () => {
  expect(await init.eye()([2, 3]).toArray()).toEqual([[1, 0, 0], [0, 1, 0]]); // prettier-ignore
  expect(init.eye()([2, 2], { dtype: "float64" }).dtype).toBe("float64");
});

test.each([
  ["orthogonal", init.orthogonal()],
  ["sparse", init.sparse(0.5)],
] as const)("%s draws one key from its generator, and the same numbers from the same seed", async (_, f) => {
  const [first, second] = [new Generator(8), new Generator(8)];
  const weight = await f([5, 4], { generator: first }).data();
  expect(await f([5, 4], { generator: second }).data()).toEqual(weight);
  expect(first.counter).toBe(1);
  expect(await f([5, 4], { generator: first }).data()).not.toEqual(weight);
  expect(f([2, 2], { dtype: "float64", generator: first }).dtype).toBe("float64");
  random.seed(3);
  const plain = await f([5, 4]).data();
  random.seed(3);
  expect(await f([5, 4]).data()).toEqual(plain);
});

test("shapes and shares that are none are refused", () => {
  expect(() => init.orthogonal()([3])).toThrow(ShapeError);
  expect(() => init.sparse(0.1)([3, 2, 2])).toThrow(ShapeError);
  expect(() => init.sparse(1.5)([3, 2])).toThrow("sparse: sparsity must be in [0, 1], not 1.5");
  expect(() => init.eye()([3])).toThrow(ShapeError);
  expect(() => init.lecunNormal()([3])).toThrow(ShapeError);
});
