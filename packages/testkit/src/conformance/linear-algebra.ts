import { cholesky, type Dtype, lstsq, qr, solve, solveTriangular, type Tensor } from "@chainrule/core";
import { dense, generate, type Dense } from "../reference/dense.ts";
import { mapTogether } from "../reference/elementwise.ts";
import { transpose } from "../reference/movement.ts";
import { matmul } from "../reference/product.ts";
import { sumTolerance, type Tolerance } from "../tolerance.ts";
import { check, type Check, type ConformanceCase, expectTensor, scenario } from "./case.ts";
import { floats, random, tensorOf } from "./inputs.ts";

const identity = (n: number): Dense => generate([n, n], ([i, j]) => (i === j ? 1 : 0));

/** Far from singular: random, with a heavy diagonal. */
const wellPosed = (seed: number, n: number, dtype: Dtype): Dense =>
  mapTogether((x, one) => x + 4 * n * one, random(seed, [n, n], dtype), identity(n));

/** Xᵀ·X + I. */
const positiveDefinite = (seed: number, n: number, dtype: Dtype): Dense => {
  const x = random(seed, [n, n], dtype);
  return mapTogether((a, b) => a + b, matmul(transpose(x), x), identity(n));
};

/** Several roundings at each of n steps, in a problem whose answer is of the size of its data. */
const tolerance = (dtype: Dtype, n: number): Tolerance => sumTolerance(dtype, 64 * n);

/** Factors are held to their product and to their form, solvers to a solution that is known. */
export function linearAlgebraCases(): ConformanceCase[] {
  return floats.flatMap((dtype) => [1, 5, 18].flatMap((n) => [...factors(dtype, n), ...solvers(dtype, n)]));
}

function factors(dtype: Dtype, n: number): ConformanceCase[] {
  const tall = random(91, [n + 3, n], dtype);
  const spd = positiveDefinite(92, n, dtype);
  const bound = tolerance(dtype, n);
  return [
    scenario("qr", dtype, `${n + 3} by ${n}`, async (name) => {
      const { q, r } = qr(tensorOf(tall, dtype));
      await expectTensor(q.matmul(r), tall, dtype, `${name}: QR`, { tolerance: bound });
      await expectTensor(q.T.matmul(q), identity(n), dtype, `${name}: QᵀQ`, { tolerance: bound });
      await expectTensor(r.tril(-1).abs().sum(), dense([], [0]), dtype, `${name}: below R`);
    }),
    scenario("cholesky", dtype, `${n}`, async (name) => {
      const l = cholesky(tensorOf(spd, dtype));
      await expectTensor(l.matmul(l.T), spd, dtype, `${name}: LLᵀ`, { tolerance: bound });
      await expectTensor(l.triu(1).abs().sum(), dense([], [0]), dtype, `${name}: above L`);
    }),
  ];
}

function solvers(dtype: Dtype, n: number): ConformanceCase[] {
  const a = wellPosed(93, n, dtype);
  const lower = generate([n, n], ([i, j]) => (j! <= i! ? a.data[i! * n + j!]! : 0));
  const tall = random(94, [n + 5, n], dtype);
  const x = random(95, [n, 2], dtype);
  const of = (
    op: string,
    matrix: Dense,
    actual: (a: Tensor, b: Tensor) => Check["actual"],
  ): ConformanceCase =>
    check({
      op,
      dtype,
      label: `${n}`,
      actual: () => actual(tensorOf(matrix, dtype), tensorOf(matmul(matrix, x), dtype))(),
      expected: () => x,
      tolerance: tolerance(dtype, n),
    });
  return [
    of("solveTriangular", lower, (m, b) => () => solveTriangular(m, b, { lower: true })),
    of("solve", a, (m, b) => () => solve(m, b)),
    of("lstsq", tall, (m, b) => () => lstsq(m, b)),
  ];
}
