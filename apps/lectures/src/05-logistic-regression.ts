// A linear score through σ is a probability; its cross-entropy has the gradient (y − t)·x and a single minimum.
import { Generator, random, tensor, Variable, zeros } from "@chainrule/core";
import { LogisticRegression } from "@chainrule/estimators";
import { decisionBoundary } from "@chainrule/inspect";
import { bceWithLogits } from "@chainrule/nn";
import { LBFGS } from "@chainrule/optim";
import { atMost, judged, type Result } from "./result.ts";

export async function logisticRegression(): Promise<Result> {
  // Two overlapping clouds.
  const draw = { generator: new Generator(5), dtype: "float64" } as const;
  const n = 200;
  const labels = Array.from({ length: n }, (_, i) => i % 2);
  const t = tensor(labels, { dtype: "float64" });
  const centers = t.expandDims(1).mul(tensor([[2, 1]], { dtype: "float64" }));
  const x = random.normal([n, 2], draw).add(centers).detach();

  // The gradient for w, as automatic differentiation has it and as the lecture derives it, at some w and b.
  const [w, b] = [new Variable(random.normal([2], draw)), new Variable(random.normal([], draw))];
  const logits = () => x.matmul(w).add(b);
  const loss = () => bceWithLogits(logits(), t);
  const [dw, db] = loss().gradient(w, b);
  const away = logits().sigmoid().sub(t); // y − t
  const derived = x.T.matmul(away).div(n);
  const difference = dw!.sub(derived).abs().max().maximum(db!.sub(away.mean()).abs());
  const gradientError = await difference.item();

  // The minimum: by L-BFGS on the loss, and by Newton's method, which here is iteratively reweighted least squares.
  w.assign(zeros([2], { dtype: "float64" }));
  b.assign(zeros([], { dtype: "float64" }));
  await new LBFGS([w, b], { maxIter: 100, toleranceGrad: 1e-10, toleranceChange: 0 }).step(loss);
  const irls = await new LogisticRegression({ solver: "newton", C: Infinity }).fit(x, labels);
  const apart = w
    .sub(irls.coef.squeeze(0))
    .abs()
    .max()
    .maximum(b.sub(irls.intercept.squeeze(0)).abs());

  return judged({
    checks: [
      atMost("largest difference of the gradient from mean (y − t)·x", gradientError, 1e-12),
      atMost("largest difference of the weights from Newton's (IRLS)", await apart.item(), 1e-4),
    ],
    notes: [
      { name: "accuracy", value: await irls.score(x, labels) },
      { name: "Newton steps", value: irls.nIter },
    ],
    figures: [
      await decisionBoundary(
        (points) => points.cast("float64").matmul(w).add(b),
        { x: await x.data(), y: labels },
        { title: "Logistic regression", subtitle: "shade: P(class 1 | x) = σ(w·x + b); 200 points, seed 5" },
      ),
    ],
  });
}
