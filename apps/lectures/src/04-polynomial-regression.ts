// Too few powers of x miss the curve, too many chase the noise: held-out data tell which degree is right.
import { linspace } from "@chainrule/core";
import { polynomialCurve } from "@chainrule/data";
import { crossValScore, KFold, LinearRegression, Pipeline, PolynomialFeatures } from "@chainrule/estimators";
import { lineChart } from "@chainrule/inspect";
import { exactly, judged, type Result } from "./result.ts";

/** The truth: 1 − 2x − x² + 3x³. */
const coefficients = [1, -2, -1, 3];
const trueDegree = 3;
const truth = (x: number): number => coefficients.reduceRight((sum, c) => sum * x + c, 0);

/** Features (x, …, x^D), then least squares with the penalty α‖w‖². */
const model = (degree: number, alpha = 0): Pipeline =>
  new Pipeline(new PolynomialFeatures({ degree, includeBias: false }), new LinearRegression({ alpha }));

export async function polynomialRegression(seed = 4): Promise<Result> {
  const { columns } = polynomialCurve({ count: 120, coefficients, noise: 0.3, spacing: "random", seed });
  const x = Array.from(columns.x.data, (value) => [value]);
  const t = Array.from(columns.y.data);
  const train = { x: x.slice(0, 60), t: t.slice(0, 60) };
  const validation = { x: x.slice(60), t: t.slice(60) };

  const degrees = Array.from({ length: 10 }, (_, i) => i + 1);
  const errors = { train: [] as Estimate[], validation: [] as Estimate[], folds: [] as Estimate[] };
  const cv = new KFold({ splits: 10, shuffle: true, seed });
  const scoring = async (fitted: Pipeline, x: unknown, t: unknown): Promise<number> =>
    (await errorOf(fitted, { x, t } as typeof train)).mean;
  for (const degree of degrees) {
    const fitted = await model(degree).fit(train.x, train.t);
    errors.train.push(await errorOf(fitted, train));
    errors.validation.push(await errorOf(fitted, validation));
    errors.folds.push(estimate(await crossValScore(model(degree), train.x, train.t, { cv, scoring })));
  }

  // With ten points and degree 9, the penalty takes the place of the degree.
  const tenth = polynomialCurve({ count: 10, coefficients, noise: 0.3, seed }).columns;
  const few = { x: Array.from(tenth.x.data, (value) => [value]), t: Array.from(tenth.y.data) };
  const alphas = Array.from({ length: 17 }, (_, i) => 10 ** (i / 2 - 7));
  const penalised: number[] = [];
  for (const alpha of alphas) {
    penalised.push((await errorOf(await model(9, alpha).fit(few.x, few.t), validation)).mean);
  }
  const alpha = alphas[penalised.indexOf(Math.min(...penalised))]!;

  const axis = Array.from(await linspace(-1, 1, 201).data());
  const curve = async (name: string, fitted: Pipeline) => {
    await fitted.fit(few.x, few.t);
    return { name, x: axis, y: await fitted.predict(axis.map((x) => [x])).data() };
  };
  const means = (all: readonly Estimate[]) => ({ x: degrees, y: all.map(({ mean }) => mean) });
  return judged({
    checks: [
      exactly("degree chosen by 10-fold cross-validation", degrees[simplest(errors.folds)]!, trueDegree),
      exactly("degree chosen by the validation set", degrees[simplest(errors.validation)]!, trueDegree),
    ],
    notes: [{ name: "penalty chosen for degree 9 on 10 points", value: alpha.toExponential(1) }],
    figures: [
      lineChart(
        [
          { name: "training", ...means(errors.train), mark: "both" },
          { name: "validation", ...means(errors.validation), mark: "both" },
          { name: "10-fold", ...means(errors.folds), mark: "both" },
        ],
        {
          title: "Error by degree",
          subtitle: "60 training and 60 validation points of 1 − 2x − x² + 3x³ with noise of 0.3",
          x: { label: "degree D", ticks: degrees },
          y: { label: "mean squared error", log: true },
          references: [{ x: trueDegree, label: "true degree" }],
        },
      ),
      lineChart(
        [
          await curve("degree 1", model(1)),
          await curve("degree 9", model(9)),
          await curve(`degree 9, λ = ${alpha.toExponential(0)}`, model(9, alpha)),
          { name: "truth", x: axis, y: axis.map(truth), mark: "dashed" },
          { name: "10 points", x: few.x.flat(), y: few.t, mark: "points" },
        ],
        { title: "Under- and overfitting", x: { label: "x" }, y: { label: "t", domain: [-2, 2] } },
      ),
    ],
  });
}

/** A mean and its standard error. */
interface Estimate {
  readonly mean: number;
  readonly error: number;
}

function estimate(values: readonly number[]): Estimate {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (n - 1) / n) };
}

async function errorOf(fitted: Pipeline, { x, t }: { x: number[][]; t: number[] }): Promise<Estimate> {
  const y = await fitted.predict(x).data();
  return estimate(t.map((target, i) => (target - y[i]!) ** 2));
}

/** The index of the simplest model within one standard error of the best: the rest may be luck. */
function simplest(errors: readonly Estimate[]): number {
  const best = errors.reduce((least, one) => (one.mean < least.mean ? one : least));
  return errors.findIndex(({ mean }) => mean <= best.mean + best.error);
}
