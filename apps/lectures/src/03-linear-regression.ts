// One least-squares problem, solved at once by QR and step by step downhill: both ways end at the same weights.
import { compile, lstsq, ones, random, stack, Generator, Variable, zeros } from "@chainrule/core";
import { LinearRegression } from "@chainrule/estimators";
import { lineChart } from "@chainrule/inspect";
import { atMost, judged, type Result } from "./result.ts";

export async function linearRegression(): Promise<Result> {
  const generator = new Generator(3);
  const draw = { dtype: "float64", generator } as const;
  const x = random.uniform([50], { low: -1, high: 3, ...draw }).detach();
  const t = x
    .mul(1.5)
    .sub(0.7)
    .add(random.normal([50], { std: 0.4, ...draw }))
    .detach();

  // Directly: w = (XᵀX)⁻¹Xᵀt without the inverse; the design matrix has a column of ones for the bias.
  const X = stack([ones([50], { dtype: "float64" }), x], 1);
  const direct = await lstsq(X, t);

  // Iteratively: w ← w − η ∂L/∂w with L = mean ½(Xw − t)².
  const w = new Variable(zeros([2], { dtype: "float64" }));
  const step = compile(() => {
    const loss = X.matmul(w).sub(t).square().mul(0.5).mean();
    w.assign(w.sub(loss.gradient(w)[0]!.mul(0.3)));
    return { loss, away: w.sub(direct).norm() };
  });
  const distances: number[] = [];
  for (let i = 0; i < 300; i++) distances.push(await step().away.item());

  // The same two ways as estimators.
  const rows = x.expandDims(1);
  const qr = await new LinearRegression().fit(rows, t);
  const descent = await new LinearRegression({ solver: "gradientDescent" }).fit(rows, t);
  const apart = qr.coef.sub(descent.coef).abs().max().maximum(qr.intercept.sub(descent.intercept).abs());

  const [bias, slope] = Array.from(await direct.data());
  const ends = [-1, 3];
  return judged({
    checks: [
      atMost(
        "largest difference of the weights, QR and gradient descent",
        await w.sub(direct).abs().max().item(),
        1e-6,
      ),
      atMost("the same of LinearRegression's two solvers", await apart.item(), 1e-6),
    ],
    notes: [
      {
        name: "fitted line",
        value: `slope ${slope!.toFixed(3)}, bias ${bias!.toFixed(3)} (true: 1.5 and −0.7)`,
      },
    ],
    figures: [
      lineChart(
        [
          { name: "data", x: await x.data(), y: await t.data(), mark: "points" },
          { name: "least squares", x: ends, y: ends.map((end) => bias! + slope! * end) },
        ],
        { title: "Linear regression", subtitle: "50 points, seed 3", x: { label: "x" }, y: { label: "t" } },
      ),
      lineChart([{ y: distances }], {
        title: "Gradient descent on the way to the direct solution",
        x: { label: "step (rate 0.3)" },
        y: { label: "‖w − w*‖", log: true },
      }),
    ],
  });
}
