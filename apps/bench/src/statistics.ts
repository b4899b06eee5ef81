/** The middle value, or the mean of the two in the middle. Throws RangeError where there are none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("median: no values");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The smallest value. Throws RangeError where there are none. */
export function minimum(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("minimum: no values");
  return values.reduce((least, value) => Math.min(least, value));
}
