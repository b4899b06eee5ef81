import type { Dtype } from "@chainrule/core";

/** How far an element may be from what is expected: `|actual − expected| ≤ atol + rtol · |expected|`. */
export interface Tolerance {
  /** Relative part, a fraction of the expected value. */
  readonly rtol?: number;
  /** Absolute part. */
  readonly atol?: number;
}

const floats: Partial<Record<Dtype, Required<Tolerance>>> = {
  float32: { rtol: 1.3e-6, atol: 1e-5 },
  float64: { rtol: 1e-7, atol: 1e-7 },
};

/** PyTorch's `assert_close` defaults: float32 1.3e-6 and 1e-5, float64 1e-7 and 1e-7, all others exact. */
export function defaultTolerance(dtype: Dtype): Required<Tolerance> {
  return floats[dtype] ?? { rtol: 0, atol: 0 };
}

/**
 * The bound of a sum of `terms` products or values: the default, widened by √terms.
 *
 * Rounding errors of a sum are independent and of either sign, so that they grow as a random walk does.
 */
export function sumTolerance(dtype: Dtype, terms: number): Required<Tolerance> {
  const { rtol, atol } = defaultTolerance(dtype);
  const growth = Math.sqrt(Math.max(1, terms));
  return { rtol: rtol * growth, atol: atol * growth };
}
