import { compile, Generator, ones, OptionError, tensor } from "@chainrule/core";
import { Dropout, Sequential } from "@chainrule/nn";
import { describe, expect, test } from "vitest";
import "./setup.ts";

const seeded = (p: number): Dropout => new Dropout(p, { generator: new Generator(5) });

describe("Dropout", () => {
  test("drops a share p and keeps the expectation", async () => {
    const values = Array.from(
      await seeded(0.3)
        .forward(ones([200, 500]))
        .data(),
    );
    const kept = values.filter((value) => value !== 0);
    expect(kept.length / values.length).toBeCloseTo(0.7, 2);
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.7)]));
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(1, 2);
  });

  test("passes its input on in evaluation, and with p = 0", () => {
    const x = ones([3]);
    expect(new Sequential(seeded(0.5)).eval().forward(x)).toBe(x);
    expect(seeded(0).forward(x)).toBe(x);
  });

  test("with p = 1 drops all", async () => {
    expect(
      await seeded(1)
        .forward(ones([4]))
        .toArray(),
    ).toEqual([0, 0, 0, 0]);
  });

  test("draws a new mask at each call, the same ones from the same seed", async () => {
    const draws = async (): Promise<unknown[]> => {
      const dropout = seeded(0.5);
      return [await dropout.forward(ones([64])).toArray(), await dropout.forward(ones([64])).toArray()];
    };
    const [first, second] = await draws();
    expect(first).not.toEqual(second);
    expect(await draws()).toEqual([first, second]);
  });

  test("captured, draws what it draws uncaptured: a new mask at each replay", async () => {
    const plain = seeded(0.5);
    const captured = seeded(0.5);
    const run = compile((x: ReturnType<typeof ones>) => captured.forward(x));
    const seen = new Set<string>();
    for (let i = 0; i < 4; i++) {
      const expected = await plain.forward(ones([32])).data();
      expect(await run(ones([32])).data()).toEqual(expected);
      seen.add(expected.join());
    }
    expect(seen.size).toBe(4);
  });

  test("passes the gradient of what it kept", async () => {
    const x = tensor(Array.from({ length: 50 }, (_, i) => i + 1));
    const y = seeded(0.5).forward(x);
    const [gradient] = y.sum().gradient(x);
    const [kept, slopes] = [await y.data(), await gradient!.data()];
    expect(slopes).toEqual(kept.map((value) => (value === 0 ? 0 : 2)));
  });

  test("keeps the dtype, and drops infinities", async () => {
    const x = tensor(new Float64Array(64).fill(Infinity));
    const y = seeded(0.5).forward(x);
    expect(y.dtype).toBe("float64");
    expect(new Set(await y.data())).toEqual(new Set([0, Infinity]));
  });

  test("refuses a p that is no probability", () => {
    expect(() => new Dropout(1.5)).toThrow(OptionError);
    expect(() => new Dropout(-0.1)).toThrow("Dropout: p must be in [0, 1], not -0.1");
    expect(() => new Dropout(Number.NaN)).toThrow("not NaN");
  });
});
