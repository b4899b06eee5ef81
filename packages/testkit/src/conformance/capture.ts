import { compile, type Dtype, gradient, hostValue, realize, type Tensor, Variable } from "@chainrule/core";
import { dense, type Dense, generate } from "../reference/dense.ts";
import { flip, transpose } from "../reference/movement.ts";
import { type ConformanceCase, expectTensor, scenario } from "./case.ts";
import { floats, random, tensorOf } from "./inputs.ts";

/** Updates in place, and steps that are captured once and replayed. */
export function captureCases(): ConformanceCase[] {
  return floats.flatMap((dtype) => [
    ...updateCases(dtype),
    ...captured(dtype),
    sameBitsCase(dtype, "momentum", momentumStep),
    sameBitsCase(dtype, "Adam", adamStep),
  ]);
}

/** New values of variables, from their present ones. */
type Update = (a: Variable, b: Variable) => void;

const swap: Update = (a, b) => {
  const [x, y] = [a.add(0), b.add(0)];
  a.assign(y);
  b.assign(x);
};

/** An update of two 4×4 variables, and what they then are. */
interface InPlace {
  readonly update: Update;
  readonly expected: (a: Dense, b: Dense) => readonly [Dense, Dense];
}

/** Each reads where it writes, in another order than it writes. */
const updates: Readonly<Record<string, InPlace>> = {
  "counts up": {
    update: (a) => a.assign(a.add(1)),
    expected: (a, b) => [{ shape: a.shape, data: a.data.map((v) => v + 1) }, b],
  },
  "swaps two": { update: swap, expected: (a, b) => [b, a] },
  "becomes its transpose": { update: (a) => a.assign(a.transpose()), expected: (a, b) => [transpose(a), b] },
  "becomes its reverse": { update: (a) => a.assign(a.flip(0)), expected: (a, b) => [flip(a, 0), b] },
  "becomes a shift of itself": {
    update: (a) =>
      a.assign(
        a.slice([0, 3]).pad([
          [1, 0],
          [0, 0],
        ]),
      ),
    expected: (a, b) => [generate([4, 4], ([i, j]) => (i === 0 ? 0 : a.data[(i! - 1) * 4 + j!]!)), b],
  },
  "becomes its product": {
    update: (a, b) => a.assign(a.matmul(b)),
    expected: (a, b) => [
      generate([4, 4], ([i, j]) =>
        [0, 1, 2, 3].reduce((s, k) => s + a.data[i! * 4 + k]! * b.data[k * 4 + j!]!, 0),
      ),
      b,
    ],
  },
  "becomes rows less their sum": {
    update: (a) => a.assign(a.sub(a.sum(1, { keepDims: true }))),
    expected: (a, b) => [
      generate(
        [4, 4],
        ([i, j]) => a.data[i! * 4 + j!]! - [0, 1, 2, 3].reduce((s, k) => s + a.data[i! * 4 + k]!, 0),
      ),
      b,
    ],
  },
  "second sees the first's new value": {
    update: (a, b) => {
      a.assign(a.mul(2));
      b.assign(b.add(a));
    },
    expected: (a, b) => [
      { shape: a.shape, data: a.data.map((v) => v * 2) },
      { shape: b.shape, data: b.data.map((v, i) => v + 2 * a.data[i]!) },
    ],
  },
};

const square = (seed: number, dtype: Dtype): Dense => random(seed, [4, 4], dtype);

function updateCases(dtype: Dtype): ConformanceCase[] {
  return Object.entries(updates).flatMap(([label, { update, expected }]) => [
    scenario("assign", dtype, label, async (name) => {
      const [x, y] = [square(179, dtype), square(181, dtype)];
      const [a, b] = [new Variable(tensorOf(x, dtype)), new Variable(tensorOf(y, dtype))];
      update(a, b);
      await realize(a, b);
      const [ea, eb] = expected(x, y);
      await expectTensor(a, ea, dtype, name);
      await expectTensor(b, eb, dtype, name);
    }),
    scenario("assign", dtype, `${label}, captured, three times`, async (name) => {
      let [x, y]: readonly [Dense, Dense] = [square(179, dtype), square(181, dtype)];
      const [a, b] = [new Variable(tensorOf(x, dtype)), new Variable(tensorOf(y, dtype))];
      const step = compile(() => update(a, b));
      for (let i = 0; i < 3; i++) {
        step();
        [x, y] = expected(x, y);
      }
      // Products of products grow to hundreds, and their rounding with them.
      const tolerance = {
        rtol: dtype === "float32" ? 1e-5 : 1e-12,
        atol: dtype === "float32" ? 1e-3 : 1e-10,
      };
      await expectTensor(a, x, dtype, name, { tolerance });
      await expectTensor(b, y, dtype, name, { tolerance });
    }),
  ]);
}

function captured(dtype: Dtype): ConformanceCase[] {
  return [
    scenario("compile", dtype, "sees new arguments", async (name) => {
      const double = compile((x: Tensor) => x.mul(2).add(1));
      for (let seed = 0; seed < 4; seed++) {
        const x = random(seed, [3, 5], dtype);
        const expected = { shape: x.shape, data: x.data.map((v) => v * 2 + 1) };
        await expectTensor(double(tensorOf(x, dtype)), expected, dtype, name);
      }
    }),
    scenario("compile", dtype, "takes another shape", async (name) => {
      const total = compile((x: Tensor) => x.sum());
      for (const n of [5, 7, 5]) {
        await expectTensor(
          total(tensorOf(dense([n], new Float64Array(n).fill(2)), dtype)),
          dense([], [2 * n]),
          dtype,
          name,
        );
      }
    }),
    scenario("compile", dtype, "results outlive the next call", async (name) => {
      const double = compile((x: Tensor) => x.mul(2));
      const first = double(tensorOf(dense([2], [1, 2]), dtype));
      const second = double(tensorOf(dense([2], [3, 4]), dtype));
      await expectTensor(first, dense([2], [2, 4]), dtype, name);
      await expectTensor(second, dense([2], [6, 8]), dtype, name);
    }),
    scenario("compile", dtype, "reads host values at each call", async (name) => {
      let rate = 1;
      const scaled = compile((x: Tensor) => x.mul(hostValue(() => rate, { dtype })));
      for (rate of [1, 0.5, -2]) {
        await expectTensor(
          scaled(tensorOf(dense([2], [1, 3]), dtype)),
          dense([2], [rate, 3 * rate]),
          dtype,
          name,
        );
      }
    }),
    scenario("compile", dtype, "takes a view as argument", async (name) => {
      const sums = compile((x: Tensor) => x.add(1).sum(0));
      const x = random(191, [3, 5], dtype);
      for (let i = 0; i < 2; i++) {
        const expected = generate([3], ([r]) =>
          [0, 1, 2, 3, 4].reduce((s, c) => s + x.data[r! * 5 + c]! + 1, 0),
        );
        await expectTensor(sums(tensorOf(x, dtype).transpose()), expected, dtype, name);
      }
    }),
  ];
}

/** Variables to their gradients, in place. */
type Rule = (
  parameters: readonly Variable[],
  states: readonly Variable[],
  gradients: readonly Tensor[],
) => void;

const momentumStep: Rule = (parameters, states, gradients) => {
  for (const [i, p] of parameters.entries()) {
    const velocity = states[i]!;
    velocity.assign(velocity.mul(0.9).add(gradients[i]!));
    p.assign(p.sub(velocity.mul(0.05)));
  }
};

const adamStep: Rule = (parameters, states, gradients) => {
  for (const [i, p] of parameters.entries()) {
    const g = gradients[i]!;
    const [m, v] = [states[i]!, states[i + parameters.length]!];
    m.assign(m.mul(0.9).add(g.mul(0.1)));
    v.assign(v.mul(0.99).add(g.mul(g).mul(0.01)));
    p.assign(p.sub(m.mul(0.01).div(v.sqrt().add(1e-8))));
  }
};

/** Five training steps of a small network: captured and not, the weights are the same bits. */
function sameBitsCase(dtype: Dtype, label: string, rule: Rule): ConformanceCase {
  return scenario("compile", dtype, `training step with ${label} gives the same bits`, async (name) => {
    const plain = await train(dtype, rule, false);
    const replayed = await train(dtype, rule, true);
    for (const [i, bits] of plain.entries()) {
      for (const [k, value] of bits.entries()) {
        if (Object.is(value, replayed[i]![k])) continue;
        throw new Error(
          `${name}: element ${k} of variable ${i} is ${value} uncaptured, ${replayed[i]![k]} captured`,
        );
      }
    }
  });
}

async function train(dtype: Dtype, rule: Rule, capture: boolean): Promise<number[][]> {
  const shapes = [[6, 9], [9], [9, 3], [3]];
  const parameters = shapes.map(
    (s, i) => new Variable(tensorOf(random(211 + i, s, dtype, -0.5, 0.5), dtype)),
  );
  const states = [...shapes, ...shapes].map(
    (s) =>
      new Variable(
        tensorOf(
          generate(s, () => 0),
          dtype,
        ),
      ),
  );
  const step = (x: Tensor, y: Tensor): Tensor => {
    const [w1, b1, w2, b2] = parameters as [Variable, Variable, Variable, Variable];
    const hidden = x.matmul(w1).add(b1).relu();
    const loss = hidden.matmul(w2).add(b2).sub(y).square().mean();
    rule(parameters, states, gradient(loss, parameters));
    return loss;
  };
  const run = capture ? compile(step) : step;
  const losses: number[] = [];
  for (let i = 0; i < 5; i++) {
    const loss = run(
      tensorOf(random(300 + i, [7, 6], dtype), dtype),
      tensorOf(random(400 + i, [7, 3], dtype), dtype),
    );
    await realize(loss, ...parameters, ...states);
    losses.push(await loss.item());
  }
  const elements = await Promise.all([...parameters, ...states].map(async (p) => [...(await p.data())]));
  return [losses, ...elements];
}
