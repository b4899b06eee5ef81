import { linspace, OptionError, type Tensor } from "@chainrule/core";
import { type Series, lineChart, type LineChartOptions } from "./line-chart.ts";

/** Options of `activationChart`. */
export interface ActivationChartOptions extends LineChartOptions {
  /** The range of x; default −4 to 4. */
  readonly from?: number;
  readonly to?: number;
  /** The number of points; default 401. */
  readonly points?: number;
}

/**
 * A function of one variable and its derivative, as an SVG document. `fn` is applied element by element; its
 * derivative is the gradient of the sum of what it gives.
 *
 * @throws OptionError where `fn` gives another number of elements than it takes.
 */
export async function activationChart(
  name: string,
  fn: (x: Tensor) => Tensor,
  options: ActivationChartOptions = {},
): Promise<string> {
  const { from = -4, to = 4, points = 401 } = options;
  const x = linspace(from, to, points, { dtype: "float64" });
  const y = fn(x);
  if (y.size !== x.size) {
    throw new OptionError(
      `activationChart: ${name} gave ${y.size} elements for ${x.size}; it must be elementwise`,
    );
  }
  const [slope] = y.sum().gradient(x);
  const [xs, value, derivative] = await Promise.all([x.data(), y.data(), slope!.data()]);
  const series: Series[] = [
    { name: `${name}(x)`, x: xs, y: withGaps(value) },
    { name: "derivative", x: xs, y: withGaps(derivative), mark: "dashed" },
  ];
  return lineChart(series, {
    title: name,
    width: 420,
    height: 300,
    ...options,
    x: { label: "x", domain: [from, to], ...options.x },
    y: { ...options.y },
  });
}

/** Breaks a line where it jumps, rather than draw a slope that is not there. */
function withGaps(values: ArrayLike<number>): Float64Array {
  const all = Float64Array.from(values);
  const finite = all.filter(Number.isFinite).sort();
  const range = (finite.at(-1) ?? 0) - (finite[0] ?? 0);
  const change = (i: number): number => Math.abs((all[i] ?? NaN) - (all[i - 1] ?? NaN)) || 0;
  // A jump is large in itself and beside the changes around it.
  const jumps = (i: number): boolean =>
    change(i) > Math.max(range / 5, 10 * change(i - 1), 10 * change(i + 1));
  return all.map((value, i) => (jumps(i) ? NaN : value));
}
