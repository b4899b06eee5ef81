import { cpu } from "@chainrule/backend-cpu";
import {
  cholesky,
  compile,
  DtypeError,
  eye,
  explain,
  lstsq,
  NumericError,
  OptionError,
  qr,
  random,
  registerBackend,
  ShapeError,
  solve,
  solveTriangular,
  stack,
  tensor,
  type Tensor,
  Generator,
} from "@chainrule/core";
import { loadOperations, type FixtureArray, type OperationCase } from "@chainrule/fixtures";
import { expectClose, gradCheck } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";

registerBackend(cpu);

const normal = (seed: number, ...shape: number[]): Tensor =>
  random.normal(shape, { dtype: "float64", generator: new Generator(seed) });
const identity = (n: number): Tensor => eye(n, n, { dtype: "float64" });
const float64 = (value: number[] | number[][]): Tensor => tensor(value, { dtype: "float64" });
/** Exactly zero products may come with either sign. */
const tight = { rtol: 0, atol: 1e-10, signedZero: false };

async function expectFactors(a: Tensor): Promise<void> {
  const { q, r } = qr(a);
  const k = Math.min(...a.shape.slice(-2));
  await expectClose(q.matmul(r), a, tight);
  await expectClose(q.T.matmul(q), identity(k).broadcastTo([...a.shape.slice(0, -2), k, k]), tight);
  await expectClose(r.tril(-1), r.mul(0), tight);
}

describe("as in PyTorch, with gradients of the first and second order", () => {
  const operations: Record<string, (inputs: Tensor[], args: readonly unknown[]) => Tensor[]> = {
    qr: ([a]) => {
      const { q, r } = qr(a!);
      return [q, r];
    },
    cholesky: ([a]) => [cholesky(a!)],
    solveTriangular: ([a, b], [options]) => [solveTriangular(a!, b!, options as { lower: boolean })],
  };
  const read = ({ data, shape, dtype }: FixtureArray): Tensor => tensor(data, { shape, dtype });

  test.each(loadOperations("linalg").map((c): [string, OperationCase] => [c.name, c]))("%s", async (_, c) => {
    const inputs = c.inputs.map(({ array }) => read(array));
    const outputs = operations[c.op]!(inputs, c.args);
    for (const [i, output] of outputs.entries()) await expectClose(output, read(c.outputs[i]!), tight);
    const loss = outputs
      .map((output, i) => output.mul(read(c.upstreams![i]!)).sum())
      .reduce((a, b) => a.add(b));
    const gradients = loss.gradient(...inputs);
    for (const [i, gradient] of gradients.entries()) {
      await expectClose(gradient, read(c.gradients![i]!), { ...tight, atol: 1e-9, rtol: 1e-9 });
    }
    if (!c.secondOrder) return;
    const { directions, gradients: expected } = c.secondOrder;
    const total = gradients.map((g, i) => g.mul(read(directions[i]!)).sum()).reduce((a, b) => a.add(b));
    for (const [i, second] of total.gradient(...inputs).entries()) {
      await expectClose(second, read(expected[i]!), { ...tight, atol: 1e-9, rtol: 1e-9 });
    }
  });
});

describe("qr", () => {
  test("of the textbook matrix", async () => {
    const { q, r } = qr(
      float64([
        [3, 1],
        [4, 2],
      ]),
    );
    await expectClose(q, [-0.6, -0.8, -0.8, 0.6]);
    await expectClose(r, [-5, -2.2, 0, 0.4], { signedZero: false });
  });

  test.each([
    [1, 1],
    [7, 1],
    [1, 4],
    [5, 5],
    [12, 7],
    [40, 40],
    [70, 66],
    [3, 8],
    [2, 3, 5, 2],
  ])("factors %j", (...shape) => expectFactors(normal(1, ...shape)));

  test("stays orthogonal where columns nearly agree, where some are zero, and at any size of number", async () => {
    const a = normal(2, 8, 3);
    const near = stack(
      [a.slice(null, 0), a.slice(null, 0).add(a.slice(null, 1).mul(1e-9)), a.slice(null, 2)],
      1,
    );
    await expectFactors(near);
    await expectFactors(a.mul(float64([1, 0, 1])));
    await expectFactors(a.mul(0));
    const { q, r } = qr(a.mul(1e200));
    await expectClose(q.matmul(r.mul(1e-200)), a, tight);
  });

  test("gradients of both factors, twice", async () => {
    const both = (a: Tensor): Tensor => {
      const { q, r } = qr(a);
      return q.matmul(r.add(1).square()).add(q);
    };
    await gradCheck(both, [normal(3, 4, 3)], { order: 2, rtol: 1e-4, atol: 1e-5 });
    await gradCheck((a) => qr(a).r.square(), [normal(4, 2, 4)]);
  });
});

describe("cholesky", () => {
  test("of the textbook matrix", async () => {
    const l = cholesky(
      float64([
        [4, 12, -16],
        [12, 37, -43],
        [-16, -43, 98],
      ]),
    );
    await expectClose(l, [2, 0, 0, 6, 1, 0, -8, 5, 3], { signedZero: false });
  });

  test("in float32, batched", async () => {
    const x = random.normal([3, 4, 4], { generator: new Generator(5) });
    const a = x.matmul(x.T).add(eye(4));
    const l = cholesky(a);
    await expectClose(l.matmul(l.T), a, { atol: 1e-4 });
  });

  test("gradients, twice", async () => {
    const f = (x: Tensor): Tensor => cholesky(x.matmul(x.T).add(identity(3)));
    await gradCheck(f, [normal(6, 3, 3)], { order: 2 });
  });

  test("is NaN from the column where the matrix is not positive definite", async () => {
    const l = await cholesky(
      float64([
        [4, 2],
        [2, 1 - 1e-3],
      ]),
    ).data();
    expect([l[0], l[2]]).toEqual([2, 1]);
    expect(l[3]).toBeNaN();
  });
});

describe("solveTriangular", () => {
  test("by hand: forward and back substitution, the other triangle unread", async () => {
    const a = float64([
      [2, 8],
      [3, 4],
    ]);
    await expectClose(solveTriangular(a, float64([2, 11])), [1, 2]);
    await expectClose(solveTriangular(a, float64([[18], [4]]), { lower: false }), [5, 1]);
  });

  test.each([1, 2, 3, 8, 13])("of %d unknowns", async (n) => {
    const a = normal(n, n, n).mul(0.3).add(identity(n).mul(2));
    const x = normal(n + 50, n, 2);
    await expectClose(solveTriangular(a, a.tril().matmul(x)), x, tight);
    await expectClose(solveTriangular(a, a.triu().matmul(x), { lower: false }), x, tight);
  });

  test("of a badly scaled triangle: the residual stays small", async () => {
    const n = 12;
    const a = normal(9, n, n).mul(0.5).add(identity(n));
    const b = normal(10, n, 1);
    const residual = a.tril().matmul(solveTriangular(a, b)).sub(b);
    const size = await solveTriangular(a, b).abs().max().item();
    expect(await residual.abs().max().item()).toBeLessThan(1e-14 * Math.max(1, size) * n);
  });

  test("gradients, twice", async () => {
    const a = normal(11, 3, 3).add(identity(3).mul(3));
    await gradCheck((a, b) => solveTriangular(a, b), [a, normal(12, 3, 2)], { order: 2 });
    await gradCheck((a, b) => solveTriangular(a, b, { lower: false }), [a, normal(13, 3)], { order: 2 });
  });
});

describe("solve and lstsq", () => {
  const a = normal(20, 5, 5);
  const tall = normal(21, 9, 3);

  test("solve square systems by QR and by Cholesky", async () => {
    const x = normal(22, 5, 2);
    await expectClose(await solve(a, a.matmul(x)), x, tight);
    const spd = a.matmul(a.T).add(identity(5));
    await expectClose(await solve(spd, spd.matmul(x), { positiveDefinite: true }), x, tight);
    const vector = float64([1, 2, 3, 4, 5]);
    await expectClose(await solve(a, a.matmul(vector)), vector, tight);
  });

  test("least squares meets the normal equations, with a ridge too", async () => {
    const b = normal(23, 9);
    for (const ridge of [0, 0.5]) {
      const x = await lstsq(tall, b, { ridge });
      const slope = tall.T.matmul(tall.matmul(x).sub(b)).add(x.mul(ridge));
      await expectClose(slope, [0, 0, 0], tight);
    }
  });

  test("a line through three points, by hand", async () => {
    const x = await lstsq(
      float64([
        [1, 0],
        [1, 1],
        [1, 2],
      ]),
      float64([1, 2, 2]),
    );
    await expectClose(x, [7 / 6, 0.5]);
  });

  test("solutions can be differentiated", async () => {
    const b = normal(24, 9, 1);
    const direct = (m: Tensor): Tensor => m.T.matmul(m).add(identity(3).mul(0.1));
    const x = await lstsq(tall, b, { ridge: 0.1 });
    const [toA, toB] = x.square().sum().gradient(tall, b) as [Tensor, Tensor];
    // By the normal equations: x = M⁻¹·Aᵀ·b, b̄ = A·M⁻¹·2x, Ā = (b − A·x)·uᵀ − A·u·xᵀ with u = M⁻¹·2x.
    const u = await solve(direct(tall), x.mul(2), { positiveDefinite: true });
    await expectClose(toB, tall.matmul(u), tight);
    const residual = b.sub(tall.matmul(x));
    await expectClose(toA, residual.matmul(u.T).sub(tall.matmul(u).matmul(x.T)), tight);
  });

  test("an ill-conditioned polynomial keeps the digits that normal equations lose", async () => {
    const points = Array.from({ length: 30 }, (_, i) => i / 29);
    const v = float64(points.map((x) => Array.from({ length: 9 }, (_, d) => x ** d)));
    const truth = float64([1, -2, 3, -4, 5, -4, 3, -2, 1]);
    await expectClose(await lstsq(v, v.matmul(truth)), truth, { rtol: 0, atol: 1e-7 });
  });

  test("systems without one solution are refused, with what mends them", async () => {
    const dependent = stack([tall.slice(null, 0), tall.slice(null, 1), tall.slice(null, 0).mul(2)], 1);
    const b = normal(25, 9);
    await expect(lstsq(dependent, b)).rejects.toThrow(NumericError);
    await expect(lstsq(dependent, b)).rejects.toThrow(
      "column 2 of 3 depends on those before it, so that infinitely many solutions fit alike; " +
        "use fewer columns, or a ridge: { ridge: 1e-6 }",
    );
    const x = await lstsq(dependent, b, { ridge: 1e-3 });
    const fitted = await x.data();
    expect(fitted[2]! / fitted[0]!).toBeCloseTo(2, 6);
    await expect(lstsq(tall.T, normal(26, 3))).rejects.toThrow("3 rows cannot determine 9 columns");
    const singular = float64([
      [1, 2],
      [2, 4],
    ]);
    await expect(solve(singular, float64([1, 1]))).rejects.toThrow(NumericError);
    await expect(solve(singular, float64([1, 1]))).rejects.toThrow(
      "column 1 depends on the columns before it; add a ridge",
    );
    const indefinite = solve(
      float64([
        [1, 2],
        [2, 1],
      ]),
      float64([1, 1]),
      { positiveDefinite: true },
    );
    await expect(indefinite).rejects.toThrow(
      "not positive definite: pivot 1 of 2 is not above 0; add a ridge",
    );
  });
});

describe("all of them", () => {
  test("are lazy: captured they give the bits of the uncaptured", async () => {
    const run = (a: Tensor): Tensor => {
      const { q, r } = qr(a);
      const l = cholesky(a.T.matmul(a).add(identity(3)));
      return solveTriangular(l, r.add(q.T.matmul(a)));
    };
    const captured = compile(run);
    for (const seed of [30, 31]) {
      const a = normal(seed, 6, 3);
      expect(await captured(a).data()).toEqual(await run(a).data());
    }
  });

  test("keep plans small: a few kernels a column, and for triangles a few for each doubling", () => {
    const { q, r } = qr(normal(32, 40, 20));
    expect(explain(q, r).kernels.length).toBeLessThan(20 * 9);
    expect(explain(cholesky(normal(33, 20, 20))).kernels.length).toBeLessThan(20 * 4);
    expect(explain(solveTriangular(normal(34, 64, 64), normal(35, 64, 1))).kernels.length).toBeLessThan(40);
  });

  test("refuse what is no matrix, no float and no fit", async () => {
    expect(() => qr(float64([1, 2]))).toThrow(ShapeError);
    expect(() => qr(tensor([[1, 2]], { dtype: "int32" }))).toThrow(DtypeError);
    expect(() => cholesky(normal(40, 2, 3))).toThrow("the matrix must be square, and its shape is [2, 3]");
    expect(() => solveTriangular(normal(41, 3, 3), normal(42, 2))).toThrow("rows and batch axes must agree");
    expect(() => solveTriangular(normal(41, 3, 3), tensor([1, 2, 3]))).toThrow(DtypeError);
    await expect(solve(normal(43, 2, 2, 2), normal(44, 2, 2, 2))).rejects.toThrow("for a batch use qr");
    await expect(lstsq(normal(45, 3, 2), normal(46, 3), { ridge: -1 })).rejects.toThrow(OptionError);
  });
});
