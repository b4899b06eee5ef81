import { cpu } from "@chainrule/backend-cpu";
import {
  compile,
  concat,
  gradient,
  realizeSync,
  registerBackend,
  type Tensor,
  tensor,
} from "@chainrule/core";
import { expectClose, randomValues, reference } from "@chainrule/testkit";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

registerBackend(cpu);

type Dense = reference.Dense;

const runs = { numRuns: 300 };
/** Mostly something; sometimes nothing, which most loops forget. */
const size = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 5 }) },
  { weight: 1, arbitrary: fc.constant(0) },
);
const shapeOf = (minLength: number, maxLength: number): fc.Arbitrary<number[]> =>
  fc.array(size, { minLength, maxLength });
const seed = fc.integer({ min: 0, max: 2 ** 30 });

const random = (from: number, shape: readonly number[]): Dense =>
  reference.dense(shape, randomValues(from, reference.countOf(shape)));
const toTensor = ({ shape, data }: Dense): Tensor => tensor(data.slice(), { shape: [...shape] });

async function expectDense(actual: Tensor, expected: Dense): Promise<void> {
  expect(actual.shape).toEqual(expected.shape);
  await expectClose(actual, expected.data, { signedZero: false });
}

/** A movement, as numbers that any shape can make sense of. */
interface Step {
  readonly kind: "permute" | "flip" | "slice" | "pad" | "reshape" | "expand" | "broadcast";
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("permute", "flip", "slice", "pad", "reshape", "expand", "broadcast"),
  a: fc.nat(11),
  b: fc.nat(11),
  c: fc.nat(11),
});
const chain = fc.array(step, { maxLength: 6 });

/** A movement fitted to a shape: what Chainrule does, and what the reference does. */
function fitted(
  { kind, a, b, c }: Step,
  shape: readonly number[],
): [(x: Tensor) => Tensor, (x: Dense) => Dense] {
  const rank = shape.length;
  const axis = rank === 0 ? 0 : a % rank;
  const n = shape[axis] ?? 1;
  const nothing: [(x: Tensor) => Tensor, (x: Dense) => Dense] = [(x) => x, (x) => x];
  switch (kind) {
    case "permute": {
      if (rank < 2) return nothing;
      const order = shape.map((_, i) => i);
      const other = b % rank;
      [order[axis], order[other]] = [order[other]!, order[axis]!];
      return [(x) => x.permute(...order), (x) => reference.permute(x, order)];
    }
    case "flip":
      return rank === 0 ? nothing : [(x) => x.flip(axis), (x) => reference.flip(x, axis)];
    case "slice": {
      if (rank === 0) return nothing;
      const pace = [1, 2, 3, -1, -2][c % 5]!;
      const ends: [number, number] =
        pace > 0 ? [a % (n + 1), b % (n + 2)] : [b % (n + 2), (a % (n + 2)) - n - 2];
      const specs: reference.SliceSpec[] = [...shape.slice(0, axis).map(() => null), [...ends, pace]];
      return [(x) => x.slice(...specs), (x) => reference.slice(x, specs)];
    }
    case "pad": {
      const margins = shape.map((_, i): [number, number] => (i === axis ? [b % 3, c % 3] : [0, 0]));
      const value = a % 2 === 0 ? 0 : 1.5;
      return rank === 0 ? nothing : [(x) => x.pad(margins, value), (x) => reference.pad(x, margins, value)];
    }
    case "reshape": {
      const count = reference.countOf(shape);
      const divisors = Array.from({ length: count }, (_, i) => i + 1).filter((d) => count % d === 0);
      const first = count === 0 ? 0 : divisors[b % divisors.length]!;
      const target = count === 0 ? [0, 1 + (b % 3)] : [first, count / first];
      return [(x) => x.reshape(...target), (x) => reference.reshape(x, target)];
    }
    case "expand": {
      const target = [...shape.slice(0, axis), 1, ...shape.slice(axis)];
      return [(x) => x.expandDims(axis), (x) => reference.reshape(x, target)];
    }
    case "broadcast": {
      const target = [1 + (b % 2), ...shape.map((m) => (m === 1 ? 1 + (c % 3) : m))];
      return [(x) => x.broadcastTo(target), (x) => reference.broadcastTo(x, target)];
    }
  }
}

/** Moves a tensor and a reference alike. */
function moved(x: Tensor, y: Dense, steps: readonly Step[]): [Tensor, Dense] {
  let [actual, expected] = [x, y];
  for (const s of steps) {
    if (expected.shape.length > 5 || expected.data.length > 500) break;
    const [forward, same] = fitted(s, expected.shape);
    [actual, expected] = [forward(actual), same(expected)];
  }
  return [actual, expected];
}

const check = <T extends [unknown, ...unknown[]]>(property: fc.IAsyncPropertyWithHooks<T>): Promise<void> =>
  fc.assert(property, runs);

describe("any shapes, views and axes", () => {
  it("chains of movements land where the reference does", () =>
    check(
      fc.asyncProperty(shapeOf(0, 4), chain, seed, async (shape, steps, from) => {
        const base = random(from, shape);
        await expectDense(...moved(toTensor(base), base, steps));
      }),
    ));

  it("the gradient of a chain of movements is its adjoint: ⟨Ax, u⟩ = ⟨x, Aᵀu⟩", () =>
    check(
      fc.asyncProperty(shapeOf(0, 3), chain, seed, async (shape, steps, from) => {
        const linear = steps.map((s) => (s.kind === "pad" ? { ...s, a: s.a - (s.a % 2) } : s));
        const base = random(from, shape);
        const x = toTensor(base);
        const [y, expected] = moved(x, base, linear);
        const u = random(from + 1, expected.shape);
        const [g] = gradient(y.mul(toTensor(u)).sum(), [x]);
        const forward = expected.data.reduce((s, v, i) => s + v * u.data[i]!, 0);
        const backward = Float64Array.from(await g!.data()).reduce((s, v, i) => s + v * base.data[i]!, 0);
        expectClose([backward], [forward], { signedZero: false, atol: 1e-9 });
      }),
    ));

  it("binary operations broadcast views as the reference does", () => {
    const operations = {
      add: (a: number, b: number) => a + b,
      sub: (a: number, b: number) => a - b,
      mul: (a: number, b: number) => a * b,
      maximum: Math.max,
      minimum: Math.min,
    };
    const dropped = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 });
    return check(
      fc.asyncProperty(
        fc.constantFrom(...(Object.keys(operations) as (keyof typeof operations)[])),
        shapeOf(0, 4),
        dropped,
        dropped,
        fc.nat(4),
        seed,
        async (op, shape, ones, others, skip, from) => {
          const narrow = (at: readonly boolean[]): number[] => shape.map((n, i) => (at[i] ? 1 : n));
          const a = random(from, narrow(ones));
          const b = random(from + 1, narrow(others).slice(Math.min(skip, shape.length)));
          const left = toTensor(a.shape.length > 1 ? reference.transpose(a) : a);
          const actual = (a.shape.length > 1 ? left.transpose() : left)[op](toTensor(b));
          await expectDense(actual, reference.mapTogether(operations[op], a, b));
        },
      ),
    );
  });

  it("reductions of views fold any set of axes", () => {
    const folds = {
      sum: reference.sum,
      prod: reference.product,
      max: reference.largest,
      logSumExp: reference.logSumExp,
    };
    return check(
      fc.asyncProperty(
        fc.constantFrom(...(Object.keys(folds) as (keyof typeof folds)[])),
        shapeOf(1, 3),
        chain,
        fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
        fc.boolean(),
        seed,
        async (op, shape, steps, chosen, keepDims, from) => {
          const base = random(from, shape);
          const [x, y] = moved(toTensor(base), base, steps);
          const axes = y.shape.map((_, i) => i).filter((i) => chosen[i]);
          // The largest of nothing is an error, not a number.
          fc.pre(op !== "max" || axes.every((i) => y.shape[i]! > 0) || y.data.length > 0);
          await expectDense(x[op](axes, { keepDims }), reference.reduce(y, folds[op], { axes, keepDims }));
        },
      ),
    );
  });

  it("products of views in any orientation and with any stacks", () =>
    check(
      fc.asyncProperty(
        shapeOf(0, 2),
        fc.tuple(size, size, size),
        fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()),
        seed,
        async (batch, [m, k, n], [turnA, turnB, flipA, single], from) => {
          const a = random(from, [...(single ? batch.map(() => 1) : batch), m, k]);
          const b = random(from + 1, [...batch, k, n]);
          const kept = (x: Dense, turned: boolean): Tensor =>
            turned ? toTensor(reference.transpose(x)).transpose() : toTensor(x);
          const left = kept(flipA ? reference.flip(a, -2) : a, turnA);
          const actual = (flipA ? left.flip(-2) : left).matmul(kept(b, turnB));
          await expectDense(actual, reference.matmul(a, b));
        },
      ),
    ));

  it("concat, then split at the same places, gives the parts back", () =>
    check(
      fc.asyncProperty(
        shapeOf(1, 3),
        fc.array(size, { minLength: 1, maxLength: 4 }),
        seed,
        async (shape, sizes, from) => {
          const parts = sizes.map((n, i) => random(from + i, [n, ...shape]));
          const whole = concat(parts.map(toTensor), 0);
          await expectDense(whole, reference.concat(parts, 0));
          for (const [i, part] of whole.split(sizes, 0).entries()) await expectDense(part, parts[i]!);
        },
      ),
    ));
});

it("a whole number beside integers is that number, whatever their dtype holds", () =>
  check(
    fc.asyncProperty(fc.nat(255), fc.integer(), async (x, number) => {
      const bytes = tensor(Uint8Array.of(x));
      const seen = [bytes.less(number), bytes.equal(number), bytes.greater(number)];
      expect(seen.map((t) => t.itemSync())).toEqual([x < number, x === number, x > number].map(Number));
      expect(bytes.add(number).itemSync()).toBe(
        number < 0 || number > 255 ? (x + number) | 0 : (x + number) & 255,
      );
    }),
  ));

/** An elementwise programme over float32: each step reads two earlier values. */
const programme = fc.array(
  fc.record({
    op: fc.constantFrom("add", "mul", "sub", "maximum", "tanh", "exp", "neg", "sqrt", "mean", "flip"),
    a: fc.nat(7),
    b: fc.nat(7),
  }),
  { minLength: 1, maxLength: 12 },
);
type Instruction = { readonly op: string; readonly a: number; readonly b: number };

/** Runs a programme; `after` sees each value as it is made. */
function evaluate(
  inputs: readonly Tensor[],
  instructions: readonly Instruction[],
  after: (x: Tensor) => void = () => {},
): Tensor {
  const values = [...inputs];
  for (const { op, a, b } of instructions) {
    const next = apply(op, values.at(-1 - (a % values.length))!, values.at(-1 - (b % values.length))!);
    after(next);
    values.push(next);
  }
  return values.at(-1)!;
}

function apply(op: string, x: Tensor, y: Tensor): Tensor {
  switch (op) {
    case "tanh":
    case "exp":
    case "neg":
      return x[op]();
    case "sqrt":
      return x.abs().sqrt();
    case "mean":
      return x.sub(x.mean(1, { keepDims: true }));
    case "flip":
      return x.transpose().flip(0).transpose();
    default:
      return x[op as "add" | "mul" | "sub" | "maximum"](y);
  }
}

describe("any programme", () => {
  const float32 = (from: number): Tensor =>
    tensor(Float32Array.from(randomValues(from, 15)), { shape: [3, 5] });
  const bits = async (x: Tensor): Promise<string> =>
    [...(await x.data())].map((v) => (Object.is(v, -0) ? "-0" : v)).join();

  it("gives the same bits whether each value is realised at once or all are fused", () =>
    check(
      fc.asyncProperty(programme, seed, async (instructions, from) => {
        const inputs = [float32(from), float32(from + 1)];
        const fused = evaluate(inputs, instructions);
        const stepwise = evaluate(inputs, instructions, (x) => realizeSync(x));
        expect(await bits(fused)).toBe(await bits(stepwise));
      }),
    ));

  it("gives the same bits captured as uncaptured, on new inputs too", () =>
    check(
      fc.asyncProperty(programme, seed, async (instructions, from) => {
        const run = (x: Tensor, y: Tensor): Tensor => evaluate([x, y], instructions);
        const replayed = compile(run);
        for (const i of [0, 10]) {
          const inputs: [Tensor, Tensor] = [float32(from + i), float32(from + i + 1)];
          expect(await bits(replayed(...inputs))).toBe(await bits(run(...inputs)));
        }
      }),
    ));
});
