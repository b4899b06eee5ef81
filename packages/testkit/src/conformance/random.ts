import {
  truncatedNormal,
  compile,
  type Dtype,
  Generator,
  random,
  type Tensor,
  threefry2x32,
} from "@chainrule/core";
import { generate } from "../reference/dense.ts";
import { mean, variance } from "../reference/reduce.ts";
import { threefry, threefryKnownAnswers } from "../reference/threefry.ts";
import { check, type ConformanceCase, scenario } from "./case.ts";
import { floats } from "./inputs.ts";

const count = 20_000;

/** Random numbers: the published vectors, the same numbers on every backend, and the right distributions. */
export function randomCases(): ConformanceCase[] {
  return [
    knownAnswerCase(),
    wordCase(),
    ...floats.flatMap((dtype) => [sameSeedCase(dtype), capturedCase(dtype), ...momentCases(dtype)]),
    permutationCase(),
  ];
}

function knownAnswerCase(): ConformanceCase {
  return scenario("threefry", "int32", "published vectors", async (name) => {
    for (const { key, counter, words } of threefryKnownAnswers) {
      for (const given of [threefry(key, counter), threefry2x32(...key, ...counter)]) {
        if (given.some((word, i) => word >>> 0 !== words[i])) {
          throw new Error(
            `${name}: key ${hex(key)}, counter ${hex(counter)} gave ${hex(given)}, not ${hex(words)}`,
          );
        }
      }
    }
  });
}

const hex = (words: readonly number[]): string =>
  words.map((w) => (w >>> 0).toString(16).padStart(8, "0")).join(" ");

/** Element i of a uniform tensor is the lower 24 bits of word 0 at counter (i, 0), under the generator's next key. */
function wordCase(): ConformanceCase {
  return check({
    op: "random",
    dtype: "float32",
    label: "uniform is Threefry's words",
    actual: () => random.uniform([3, 1001], { generator: new Generator(42) }),
    expected: () => {
      const [k0, k1] = new Generator(42).nextKey();
      return generate(
        [3, 1001],
        ([i, j]) => (threefry([k0!, k1!], [i! * 1001 + j!, 0])[0] & 0xffffff) / 2 ** 24,
      );
    },
    tolerance: { rtol: 0, atol: 0 },
  });
}

function sameSeedCase(dtype: Dtype): ConformanceCase {
  return scenario("random", dtype, "same seed, same numbers; next draw, others", async (name) => {
    const draw = async (generator: Generator): Promise<string> =>
      (await random.normal([101], { dtype, generator }).data()).join();
    const [a, b] = [new Generator(7), new Generator(7)];
    const first = await draw(a);
    if (first !== (await draw(b))) throw new Error(`${name}: two generators of one seed differ`);
    if (first === (await draw(a))) throw new Error(`${name}: a second draw repeats the first`);
    if (first === (await draw(new Generator(8)))) throw new Error(`${name}: seeds 7 and 8 give the same`);
  });
}

/** A captured step draws anew at each call, and the same as the uncaptured one. */
function capturedCase(dtype: Dtype): ConformanceCase {
  return scenario("random", dtype, "captured draws are the uncaptured ones", async (name) => {
    const draws = async (captured: boolean): Promise<string[]> => {
      const generator = new Generator(11);
      const draw = (): Tensor =>
        random.uniform([33], { dtype, generator }).add(random.bernoulli([33], { dtype, generator }));
      const run = captured ? compile(draw) : draw;
      const drawn: string[] = [];
      for (let i = 0; i < 3; i++) drawn.push((await run().data()).join());
      return drawn;
    };
    const [plain, replayed] = [await draws(false), await draws(true)];
    if (new Set(plain).size !== 3) throw new Error(`${name}: draws repeat`);
    if (plain.join(";") !== replayed.join(";")) throw new Error(`${name}: a captured draw differs`);
  });
}

interface Distribution {
  readonly draw: (generator: Generator, dtype: Dtype) => Tensor;
  readonly mean: number;
  readonly variance: number;
  readonly within: readonly [number, number];
}

const distributions: Readonly<Record<string, Distribution>> = {
  "uniform(-2, 4)": {
    draw: (generator, dtype) => random.uniform([count], { low: -2, high: 4, dtype, generator }),
    mean: 1,
    variance: 3,
    within: [-2, 4],
  },
  "normal(3, 2)": {
    draw: (generator, dtype) => random.normal([count], { mean: 3, std: 2, dtype, generator }),
    mean: 3,
    variance: 4,
    within: [-20, 26],
  },
  // Variance of a standard normal cut at ±2: 1 − 4φ(2) / (2Φ(2) − 1).
  truncatedNormal: {
    draw: (generator, dtype) => truncatedNormal([count], { low: -2, high: 2, dtype, generator }),
    mean: 0,
    variance: 0.7737413,
    within: [-2, 2],
  },
  "bernoulli(0.3)": {
    draw: (generator, dtype) => random.bernoulli([count], { p: 0.3, dtype, generator }),
    mean: 0.3,
    variance: 0.21,
    within: [0, 1],
  },
};

/** Mean and variance within five standard errors: chance fails it once in a million seeds, and the seed is fixed. */
function momentCases(dtype: Dtype): ConformanceCase[] {
  return Object.entries(distributions).map(([label, d]) =>
    scenario("random", dtype, label, async (name) => {
      const x = [...(await d.draw(new Generator(2024), dtype).data())];
      const error = 5 * Math.sqrt(d.variance / count);
      const [m, v] = [mean(x), variance(x)];
      if (Math.abs(m - d.mean) > error) throw new Error(`${name}: mean ${m}, not ${d.mean}`);
      if (Math.abs(v - d.variance) > d.variance * 5 * Math.sqrt(3 / count)) {
        throw new Error(`${name}: variance ${v}, not ${d.variance}`);
      }
      const [low, high] = d.within;
      const outside = x.find((value) => !(value >= low && value <= high));
      if (outside !== undefined) throw new Error(`${name}: ${outside} is outside [${low}, ${high}]`);
    }),
  );
}

function permutationCase(): ConformanceCase {
  return scenario("random", "int32", "permutation", async (name) => {
    const order = await random.permutation(1000, { generator: new Generator(5) }).data();
    const sorted = [...order].sort((a, b) => a - b);
    if (sorted.some((v, i) => v !== i)) throw new Error(`${name}: not every index is there once`);
    const moved = order.filter((v, i) => v !== i).length;
    if (moved < 900) throw new Error(`${name}: only ${moved} of 1000 moved`);
  });
}
