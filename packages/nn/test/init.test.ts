import { Generator, OptionError, random, ShapeError } from "@chainrule/core";
import { loadGains, loadScales } from "@chainrule/fixtures";
import * as init from "@chainrule/nn/init";
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
