/** A function along a line: where, its value, its slope. */
export interface LinePoint {
  readonly t: number;
  readonly loss: number;
  readonly slope: number;
}

/**
 * The minimum within [low, high] of the cubic that has two points' values and slopes; the middle where it has none.
 * Nocedal and Wright, "Numerical optimization", 2006, equation 3.59.
 */
export function cubicMinimum(a: LinePoint, b: LinePoint, low?: number, high?: number): number {
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const from = low ?? left.t;
  const to = high ?? right.t;
  const d1 = left.slope + right.slope - (3 * (left.loss - right.loss)) / (left.t - right.t);
  const square = d1 * d1 - left.slope * right.slope;
  if (!(square >= 0)) return (from + to) / 2;
  const d2 = Math.sqrt(square);
  const share = (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2);
  const t = right.t - (right.t - left.t) * share;
  // Infinite values far out leave no cubic: halve instead.
  return Number.isNaN(t) ? (from + to) / 2 : Math.min(Math.max(t, from), to);
}
