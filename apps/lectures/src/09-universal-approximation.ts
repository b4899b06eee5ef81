// Two opposite soft thresholds make a bump, and a row of bumps makes any function: N bumps, an error of order 1/N.
import { linspace, tensor, type Tensor } from "@chainrule/core";
import { lineChart } from "@chainrule/inspect";
import { Linear, Sequential, Sigmoid, Step } from "@chainrule/nn";
import { atMost, between, exactly, judged, type Result } from "./result.ts";

const f = (x: number): number => Math.sin(2 * Math.PI * x) + 0.5 * Math.cos(5 * Math.PI * x);
/** The steepest slope of f on [0, 1], from its formula: no more than 2π + 2.5π. */
const steepest = 4.5 * Math.PI;

/** A net with 2N hidden units: on each of N intervals, σ(k(x − a)) − σ(k(x − b)) times f in the middle. */
function bumps(n: number): Sequential {
  const width = 1 / n;
  const k = 40 / width;
  const weight: number[] = [];
  const bias: number[] = [];
  const height: number[] = [];
  for (let i = 0; i < n; i++) {
    // The outermost thresholds lie outside, so that the bumps at the ends are whole.
    const a = i === 0 ? -1 : i * width;
    const b = i === n - 1 ? 2 : (i + 1) * width;
    weight.push(k, k);
    bias.push(-k * a, -k * b);
    height.push(f((i + 0.5) * width), -f((i + 0.5) * width));
  }
  return net(new Sigmoid(), weight.map((w) => [w]), bias, height, 0); // prettier-ignore
}

/** One hidden layer and an output, with these weights. */
function net(
  activation: Sigmoid | Step,
  weight: readonly number[][],
  bias: readonly number[],
  height: readonly number[],
  outputBias: number,
): Sequential {
  const dtype = "float64" as const;
  const hidden = new Linear(weight[0]!.length, bias.length, { dtype });
  const output = new Linear(bias.length, 1, { dtype });
  hidden.weight.assign(tensor(weight, { dtype }));
  hidden.bias!.assign(tensor(bias, { dtype }));
  output.weight.assign(tensor([height], { dtype }));
  output.bias!.assign(tensor([outputBias], { dtype }));
  return new Sequential(hidden, activation, output);
}

/** A Boolean function of D bits by 2^D hidden units, one for each row: it fires for this row alone. */
function lookup(table: readonly number[]): Sequential {
  const d = Math.log2(table.length);
  const rows = table.map((_, row) => signs(row, d));
  // w·x is D for the row itself, where x is its signs, and D − 2 at most for any other.
  const thresholds = rows.map(() => 1 - d);
  return net(new Step(), rows, thresholds, table, 0);
}

const signs = (row: number, d: number): number[] =>
  Array.from({ length: d }, (_, i) => ((row >> i) & 1) * 2 - 1);

export async function universalApproximation(): Promise<Result> {
  const grid = linspace(0, 1, 10_001, { dtype: "float64" });
  const xs = await grid.data();
  const evaluate = async (model: Sequential, x: Tensor) => model.forward(x.expandDims(1)).squeeze(1).data();
  const counts = [4, 8, 16, 32, 64, 128, 256];
  const errors: number[] = [];
  for (const n of counts) {
    const y = await evaluate(bumps(n), grid);
    errors.push(Math.max(...Array.from(y, (value, i) => Math.abs(value - f(xs[i]!)))));
  }
  // Within half an interval of its middle, f moves by no more than slope · 1/(2N).
  const shares = errors.map((error, i) => error / (steepest / (2 * counts[i]!)));
  const decades = (i: number, j: number) =>
    Math.log(errors[j]! / errors[i]!) / Math.log(counts[j]! / counts[i]!);

  const inputs = tensor(
    Array.from({ length: 8 }, (_, row) => signs(row, 3)),
    { dtype: "float64" },
  );
  let right = 0;
  for (let code = 0; code < 256; code++) {
    const table = Array.from({ length: 8 }, (_, row) => (code >> row) & 1);
    const y = await lookup(table).forward(inputs).squeeze(1).data();
    right += Number(table.every((bit, row) => y[row] === bit));
  }

  const few = linspace(0, 1, 801, { dtype: "float64" });
  const axis = await few.data();
  const curve = async (n: number) => ({ name: `${n} bumps`, x: axis, y: await evaluate(bumps(n), few) });
  return judged({
    checks: [
      between("order of the error's fall: log error by log N, 16 to 256 bumps", decades(2, 6), -1.1, -0.9),
      atMost("largest error as a share of the bound max|f′| / 2N", Math.max(...shares), 1),
      exactly("Boolean functions of 3 bits computed by 8 hidden units, of 256", right, 256),
    ],
    figures: [
      lineChart([{ name: "f", x: axis, y: Array.from(axis, f) }, await curve(8), await curve(32)], {
        title: "A function as a sum of bumps",
        subtitle: "f(x) = sin 2πx + ½ cos 5πx",
        x: { label: "x" },
        y: { label: "f(x)" },
      }),
      lineChart(
        [
          { name: "sup-norm error", x: counts, y: errors, mark: "both" },
          { name: "bound max|f′| / 2N", x: counts, y: counts.map((n) => steepest / (2 * n)), mark: "dashed" },
        ],
        {
          title: "The error falls as 1/N",
          x: { label: "bumps N", log: true, ticks: counts },
          y: { label: "largest |error| on [0, 1]", log: true },
        },
      ),
    ],
  });
}
