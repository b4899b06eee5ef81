import { type Dtype, gradient, realize, type Tensor } from "@chainrule/core";
import { at, dense, type Dense, generate } from "../reference/dense.ts";
import { map, mapTogether } from "../reference/elementwise.ts";
import { transpose } from "../reference/movement.ts";
import { matmul } from "../reference/product.ts";
import { alongAxis, mean, reduce, softmax, sum, variance } from "../reference/reduce.ts";
import { sumTolerance } from "../tolerance.ts";
import { check, type ConformanceCase, expectTensor, scenario } from "./case.ts";
import { floats, indices, random, tensorOf } from "./inputs.ts";

/** Programmes of several operations, which a scheduler fuses, splits and shares. */
export function chainCases(): ConformanceCase[] {
  return floats.flatMap((dtype) => [
    ...elementwiseCases(dtype),
    ...normalisationCases(dtype),
    sharedCase(dtype),
    ...gradientCases(dtype),
  ]);
}

const chain = (
  dtype: Dtype,
  label: string,
  actual: () => Tensor,
  expected: () => Dense,
  terms = 1,
): ConformanceCase =>
  check({ op: "chain", dtype, label, actual, expected, tolerance: sumTolerance(dtype, terms) });

function elementwiseCases(dtype: Dtype): ConformanceCase[] {
  const x = random(137, [17, 31], dtype);
  const row = random(139, [31], dtype);
  const six = (v: number, r: number): number => Math.tanh(Math.exp(-Math.abs(v * 2 + r))) - 0.5;
  return [
    chain(
      dtype,
      "six elementwise operations",
      () => tensorOf(x, dtype).mul(2).add(tensorOf(row, dtype)).abs().neg().exp().tanh().sub(0.5),
      () => mapTogether(six, x, row),
    ),
    chain(
      dtype,
      "two hundred operations",
      () => {
        let y = tensorOf(x, dtype);
        for (let i = 0; i < 100; i++) y = y.mul(0.99).add(0.01);
        return y;
      },
      () =>
        map((v) => {
          let y = v;
          for (let i = 0; i < 100; i++) y = y * 0.99 + 0.01;
          return y;
        }, x),
      100,
    ),
    chain(
      dtype,
      "twenty operands",
      () => {
        let y = tensorOf(x, dtype);
        for (let i = 0; i < 20; i++) y = y.add(tensorOf(random(200 + i, [31], dtype), dtype));
        return y;
      },
      () => {
        let y = x;
        for (let i = 0; i < 20; i++) y = mapTogether((a, b) => a + b, y, random(200 + i, [31], dtype));
        return y;
      },
      20,
    ),
    chain(
      dtype,
      "views between operations",
      () => tensorOf(x, dtype).exp().transpose().add(1).flip(0).slice([null, null, 2]).mul(3).sum(1),
      () => {
        const turned = transpose(map((v) => (Math.exp(v) + 1) * 3, x));
        const rows = generate([16, 17], ([i, j]) => at(turned, [30 - 2 * i!, j!]));
        return reduce(rows, sum, { axes: [1] });
      },
      17,
    ),
    chain(
      dtype,
      "sum of products of a reduction",
      () => {
        const t = tensorOf(x, dtype);
        return t
          .sub(t.mean(1, { keepDims: true }))
          .square()
          .sum(0)
          .sqrt();
      },
      () => {
        const centred = mapTogether(
          (v, m) => (v - m) ** 2,
          x,
          reduce(x, mean, { axes: [1], keepDims: true }),
        );
        return map(Math.sqrt, reduce(centred, sum, { axes: [0] }));
      },
      17,
    ),
  ];
}

function normalisationCases(dtype: Dtype): ConformanceCase[] {
  const x = random(149, [13, 29], dtype);
  const scale = random(151, [29], dtype);
  return [
    chain(
      dtype,
      "layer normalisation",
      () => {
        const t = tensorOf(x, dtype);
        const centred = t.sub(t.mean(-1, { keepDims: true }));
        const spread = t.variance(-1, { keepDims: true, correction: 0 }).add(1e-5).rsqrt();
        return centred.mul(spread).mul(tensorOf(scale, dtype));
      },
      () => {
        const normal = alongAxis(x, -1, (row) => {
          const middle = mean(row);
          return row.map((v) => (v - middle) / Math.sqrt(variance(row, 0) + 1e-5));
        });
        return mapTogether((a, b) => a * b, normal, scale);
      },
    ),
    chain(
      dtype,
      "attention",
      () => {
        const t = tensorOf(x, dtype);
        return t.matmul(t.transpose()).mul(0.2).softmax(-1).matmul(t);
      },
      () => {
        const scores = map((v) => v * 0.2, matmul(x, transpose(x)));
        return matmul(alongAxis(scores, -1, softmax), x);
      },
      29,
    ),
  ];
}

/** One intermediate that several outputs of one plan use. */
function sharedCase(dtype: Dtype): ConformanceCase {
  const x = random(157, [11, 7], dtype);
  return scenario("chain", dtype, "shared by three outputs", async (name) => {
    const shared = tensorOf(x, dtype).exp();
    const outputs = [shared.sum(0), shared.transpose().mul(2), shared.sub(shared.mean())];
    await realize(...outputs);
    const e = map(Math.exp, x);
    const middle = mean([...e.data]);
    const tolerance = sumTolerance(dtype, 77);
    await expectTensor(outputs[0]!, reduce(e, sum, { axes: [0] }), dtype, name, { tolerance });
    await expectTensor(
      outputs[1]!,
      map((v) => v * 2, transpose(e)),
      dtype,
      name,
      { tolerance },
    );
    await expectTensor(
      outputs[2]!,
      map((v) => v - middle, e),
      dtype,
      name,
      { tolerance },
    );
  });
}

/** Gradients with a closed form: backends see them as more of the same kernels. */
function gradientCases(dtype: Dtype): ConformanceCase[] {
  const [rows, inputs, classes] = [9, 13, 5];
  const x = random(163, [rows, inputs], dtype);
  const w = random(167, [classes, inputs], dtype);
  const labels = indices(173, [rows], classes);
  const hot = generate([rows, classes], ([i, j]) => Number(labels.data[i!] === j));
  return [
    scenario("chain", dtype, "gradient of softmax cross-entropy", async (name) => {
      const [tx, tw] = [tensorOf(x, dtype), tensorOf(w, dtype)];
      const logits = tx.matmul(tw.transpose());
      const loss = logits.logSoftmax(-1).mul(tensorOf(hot, dtype)).sum().div(-rows);
      const [gw, gx] = gradient(loss, [tw, tx]);
      const p = alongAxis(matmul(x, transpose(w)), -1, softmax);
      const d = mapTogether((a, b) => (a - b) / rows, p, hot);
      const tolerance = sumTolerance(dtype, inputs);
      await expectTensor(gw!, matmul(transpose(d), x), dtype, name, { tolerance });
      await expectTensor(gx!, matmul(d, w), dtype, name, { tolerance });
    }),
    scenario("chain", dtype, "gradient of a lookup with repeats", async (name) => {
      const table = tensorOf(w, dtype);
      const [g] = gradient(table.take(tensorOf(labels, "int32"), 0).square().sum(), [table]);
      const counts = Array.from({ length: classes }, (_, c) => labels.data.filter((l) => l === c).length);
      const expected = generate([classes, inputs], ([i, j]) => 2 * counts[i!]! * at(w, [i!, j!]));
      await expectTensor(g!, expected, dtype, name, { tolerance: sumTolerance(dtype, rows) });
    }),
    scenario("chain", dtype, "gradient of a max with ties", async (name) => {
      const t = tensorOf(dense([2, 3], [1, 4, 4, 2, 2, 2]), dtype);
      const [g] = gradient(t.max(1).sum(), [t]);
      await expectTensor(g!, dense([2, 3], [0, 0.5, 0.5, 1 / 3, 1 / 3, 1 / 3]), dtype, name);
    }),
  ];
}
