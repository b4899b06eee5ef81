import { cpu } from "@chainrule/backend-cpu";
import {
  compile,
  concat,
  type Dtype,
  explain,
  gradient,
  type Kernel,
  type Plan,
  random,
  registerBackend,
  stack,
  type Tensor,
  tensor,
  Variable,
  withBackend,
} from "@chainrule/core";
import { gradCheck, randomIntegers, randomValues, reference } from "@chainrule/testkit";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { bitsOf, narrowPlugin, numbersOf, stored } from "./support.ts";

type Dense = reference.Dense;

beforeAll(() => {
  registerBackend(cpu);
  // It has no `view`, so that nothing can be written into a part of a buffer there.
  registerBackend(narrowPlugin("narrow"));
});

const kernelsOf = (plan: Plan): Kernel[] => plan.kernels.map(({ kernel }) => kernel);
const kinds = (plan: Plan): string[] => kernelsOf(plan).map(({ kind }) => kind);

/** Whether a kernel chooses between values or reads behind a mask. */
const chooses = ({ key }: Kernel): boolean => /where|valid|\d+-\d+/.test(key);

const dtypes: readonly Dtype[] = ["float32", "float64", "int32", "uint8", "bool"];

const denseOf = (seed: number, shape: readonly number[], dtype: Dtype): Dense => {
  const count = reference.countOf(shape);
  if (dtype.startsWith("float")) return reference.dense(shape, Float32Array.from(randomValues(seed, count)));
  return reference.dense(shape, randomIntegers(seed, count, 0, dtype === "bool" ? 2 : 9));
};

/** The same elements as a tensor of several kinds: an existing one, a view of one, or one that is computed. */
function tensorOf(x: Dense, dtype: Dtype, kind: number): Tensor {
  const whole = (y: Dense): Tensor => tensor([...y.data], { shape: [...y.shape], dtype });
  if (kind === 1 && x.shape.length > 1) return whole(reference.transpose(x)).transpose();
  if (kind === 2) return whole(reference.flip(x, 0)).flip(0);
  if (kind === 3) return whole(x).maximum(whole(x));
  return whole(x);
}

const size = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 6 }) },
  { weight: 1, arbitrary: fc.constant(0) },
);

/** Parts that agree on all axes but one. */
const parts = fc.record({
  dtype: fc.constantFrom(...dtypes),
  shape: fc.array(size, { minLength: 1, maxLength: 3 }),
  axis: fc.nat(2),
  sizes: fc.array(size, { minLength: 1, maxLength: 5 }),
  kinds: fc.array(fc.nat(3), { minLength: 5, maxLength: 5 }),
  seed: fc.nat(10_000),
});

describe("joining and parting, bit for bit as the reference, in any dtype and of any parts", () => {
  const joins = fc.asyncProperty(parts, async ({ dtype, shape, axis: any, sizes, kinds: ways, seed }) => {
    const axis = any % shape.length;
    const dense = sizes.map((n, i) => denseOf(seed + i, shape.with(axis, n), dtype));
    const tensors = dense.map((x, i) => tensorOf(x, dtype, ways[i]!));
    const joined = concat(tensors, axis);
    const expected = reference.concat(dense, axis);
    expect(joined.shape).toEqual(expected.shape);
    // Some parts are read themselves too, before and after.
    await tensors[0]!.data();
    expect(await numbersOf(joined)).toEqual([...expected.data]);
    expect(await numbersOf(tensors.at(-1)!)).toEqual([...dense.at(-1)!.data]);
    for (const [i, part] of joined.split(sizes, axis).entries()) {
      expect(await numbersOf(part.maximum(part))).toEqual([...dense[i]!.data]);
    }
    const same = dense.filter((x) => x.shape[axis] === dense[0]!.shape[axis]);
    const place = seed % (shape.length + 1);
    const stacked = stack(
      same.map((x, i) => tensorOf(x, dtype, ways[i]!)),
      place,
    );
    const flat = same.map((x) =>
      reference.reshape(x, [...x.shape.slice(0, place), 1, ...x.shape.slice(place)]),
    );
    expect(await numbersOf(stacked)).toEqual([...reference.concat(flat, place).data]);
    for (const [i, part] of stacked.unstack(place).entries()) {
      expect(await numbersOf(part)).toEqual([...same[i]!.data]);
    }
  });

  it("written into their places", () => fc.assert(joins, { numRuns: 250 }));

  it("spelled out, on a backend that cannot", () =>
    withBackend("narrow", () => fc.assert(joins, { numRuns: 120 })));

  it("with their derivatives to the second order", () =>
    fc.assert(
      fc.asyncProperty(parts, async ({ shape, axis: any, sizes, seed }) => {
        const axis = any % shape.length;
        const inputs = sizes.map((n, i) => {
          const { data, shape: own } = denseOf(seed + i, shape.with(axis, n), "float64");
          return tensor([...data], { shape: [...own], dtype: "float64" });
        });
        const braid = (...xs: Tensor[]): Tensor => {
          const whole = concat(
            xs.map((x) => x.mul(x.sum())),
            axis,
          ).tanh();
          const apart = whole.unstack(axis).map((x, i) => x.mul(i + 0.5).sin());
          return apart.length > 0 ? stack(apart, apart.length % (apart[0]!.rank + 1)) : whole;
        };
        await gradCheck(braid, inputs, { order: 2, rtol: 1e-4, atol: 1e-6 });
      }),
      { numRuns: 25 },
    ));
});

describe("where parts are computed", () => {
  it("each in its place: nothing is selected, and nothing copied", () => {
    const [x, w] = [stored(8, 6), stored(6, 4)];
    const rows = explain(concat([x.matmul(w).tanh(), x.slice(null, [0, 4]).exp()], 0));
    expect(kinds(rows)).toEqual(["dot", "map"]);
    const columns = explain(
      concat([x.matmul(w), x.exp(), x.sum(1, { keepDims: true }).broadcastTo([8, 4])], 1),
    );
    expect(kernelsOf(columns).some(chooses)).toBe(false);
    for (const plan of [rows, columns]) expect(plan.slots.every(({ length }) => length < 32)).toBe(true);
  });

  it("parts of one size, which exist already, are copied by one kernel", () => {
    const plan = explain(stack(Array.from({ length: 30 }, () => stored(5))));
    expect(kinds(plan)).toEqual(["map"]);
    expect(plan.kernels[0]!.kernel.outputs).toHaveLength(30);
    expect(chooses(plan.kernels[0]!.kernel)).toBe(false);
  });

  it("a joined tensor that is part of another lies there with its own parts", () => {
    const x = stored(4, 6);
    const inner = concat([x.exp(), x.sin()], 1);
    const plan = explain(concat([inner, stored(4, 12).cos()], 0));
    expect(plan.slots).toEqual([]);
    expect(plan.kernels.length).toBeLessThanOrEqual(2);
  });

  it("a stretch of a joined tensor is no second one", () => {
    const rows = Array.from({ length: 5 }, () => stored(3).exp());
    const plan = explain(stack(rows).sum(0), stack(rows.slice(1, 4)).max(0));
    expect(plan.slots.map(({ length }) => length)).toEqual([15]);
  });

  it("what is read for itself, twice a part or a variable is copied", async () => {
    const x = tensor([1, 2]);
    const y = x.mul(3);
    const v = new Variable(x);
    const step = compile(() => {
      const z = y.add(v);
      v.assign(concat([v.slice([1, 2]), z.slice([0, 1])]));
      return [concat([z, z, v, y]), z];
    });
    step();
    const [joined, z] = step();
    // After the first step v is [2, 4]; z is then [5, 10], and v becomes [4, 5].
    expect([await numbersOf(joined!), await numbersOf(z!)]).toEqual([
      [5, 10, 5, 10, 4, 5, 3, 6],
      [5, 10],
    ]);
    expect(await numbersOf(v)).toEqual([4, 5]);
  });

  it("gives the same bits captured, uncaptured and spelled out", async () => {
    const run = async (): Promise<string[]> => {
      const [x, w] = [random.normal([7, 9]), random.normal([9, 9])].map((t) => t.stopGradient());
      const loss = (a: Tensor, b: Tensor): Tensor => {
        const states = [a.slice(0)];
        for (let t = 1; t < 7; t++) {
          const [p, q] = a.slice(t).add(states.at(-1)!.matmul(b)).split([4, 5]) as [Tensor, Tensor];
          states.push(concat([p.sigmoid(), q.tanh()]));
        }
        return stack(states).square().sum();
      };
      const both = (a: Tensor, b: Tensor): Tensor[] => gradient(loss(a, b), [a, b]);
      const plain = await Promise.all(both(x!, w!).map(bitsOf));
      expect(await Promise.all(compile(both)(x!, w!).map(bitsOf))).toEqual(plain);
      return plain;
    };
    random.seed(5);
    const expected = await run();
    random.seed(5);
    expect(await withBackend("narrow", run)).toEqual(expected);
  });
});

describe("kernels and gradients of sequences", () => {
  /** A recurrence over the rows of x, whose weight and bias are used at every step. */
  function states(x: Tensor, w: Tensor, b: Tensor): Tensor[] {
    const all = [x.slice(0)];
    for (let t = 1; t < x.shape[0]!; t++) all.push(x.slice(t).add(all.at(-1)!.matmul(w).add(b)).tanh());
    return all;
  }

  const planOf = (steps: number): Plan => {
    const [x, w, b] = [stored(steps, 8, 16), stored(16, 16), stored(16)];
    return explain(
      ...gradient(
        stack(states(x, w, b))
          .square()
          .sum(),
        [x, w, b],
      ),
    );
  };

  it("the gradient of a weight used at every step is one product, and that of a bias one sum", () => {
    const [few, many] = [planOf(6), planOf(24)];
    // At each step but the first a product forwards and one backwards.
    const products = (plan: Plan): number => kinds(plan).filter((kind) => kind === "dot").length;
    expect(products(many) - products(few)).toBe(2 * 18);
    expect(kinds(many).filter((kind) => kind === "reduce").length).toBe(
      kinds(few).filter((kind) => kind === "reduce").length,
    );
    const longest = Math.max(...kernelsOf(many).map((kernel) => (kernel.kind === "dot" ? kernel.k[0]! : 0)));
    expect(longest).toBe(23 * 8);
  });

  it("steps share their kernels, however many there are, and nothing selects among them", () => {
    const distinct = (plan: Plan): number => new Set(kernelsOf(plan).map(({ key }) => key)).size;
    expect(distinct(planOf(24))).toBeLessThanOrEqual(distinct(planOf(6)) + 2);
    expect(kernelsOf(planOf(24)).filter(chooses)).toEqual([]);
  });

  it("what split passes back is written side by side", () => {
    const x = stored(6, 16);
    const [i, f, g, o] = x.split(4, 1) as [Tensor, Tensor, Tensor, Tensor];
    const [dx] = gradient(i.exp().mul(g.tanh()).add(f.sin()).mul(o.square()).sum(), [x]);
    const plan = explain(dx!);
    expect(kinds(plan)).toEqual(["map"]);
    expect(plan.kernels[0]!.kernel.targets).toHaveLength(4);
    expect(chooses(plan.kernels[0]!.kernel)).toBe(false);
  });

  it("a tensor of a slice's gradient that a user holds keeps its own derivative", async () => {
    const x = tensor([1, 2, 3, 4], { dtype: "float64" });
    const [a, b] = x.split(2) as [Tensor, Tensor];
    const [dx] = gradient(a.mul(b).sum(), [x]);
    const [second] = gradient(dx!.square().sum(), [x]);
    expect(await numbersOf(second!)).toEqual([2, 4, 6, 8]);
  });
});
