/** What a set of numbers is like. */
export interface Moments {
  readonly mean: number;
  /** Over the whole set: Σ(x − mean)²/n. */
  readonly variance: number;
  /** √Σx². */
  readonly norm: number;
  /** √(Σx²/n), which does not grow with n. */
  readonly rms: number;
  readonly min: number;
  readonly max: number;
  /** Whether there is a NaN or an infinity. */
  readonly finite: boolean;
}

/** Mean, variance, norm and range in float64; all NaN for no numbers. */
export function momentsOf(values: ArrayLike<number>): Moments {
  const n = values.length;
  let [sum, squares, min, max] = [0, 0, Infinity, -Infinity];
  for (let i = 0; i < n; i++) {
    const value = values[i]!;
    sum += value;
    squares += value * value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const mean = sum / n;
  let spread = 0;
  for (let i = 0; i < n; i++) spread += (values[i]! - mean) ** 2;
  if (n === 0) [min, max] = [NaN, NaN];
  return {
    mean,
    variance: spread / n,
    norm: n === 0 ? NaN : Math.sqrt(squares),
    rms: Math.sqrt(squares / n),
    min,
    max,
    finite: Number.isFinite(squares),
  };
}
