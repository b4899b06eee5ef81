import { tensor, type Tensor } from "@chainrule/core";
import type { FixtureArray } from "@chainrule/fixtures";
import { defaultTolerance } from "@chainrule/testkit";

/** An array that PyTorch recorded, as a tensor. */
export const read = ({ data, shape, dtype }: FixtureArray): Tensor => tensor(data, { shape, dtype });

/** The largest |actual − expected| as a share of what PyTorch's assert_close allows; NaN and ±∞ must be met exactly. */
export async function distance(actual: Tensor, expected: FixtureArray): Promise<number> {
  const { rtol, atol } = defaultTolerance(expected.dtype);
  const shares = Array.from(await actual.data(), (value, i) => {
    const wanted = expected.data[i]!;
    if (Object.is(value, wanted) || value === wanted) return 0;
    const share = Math.abs(value - wanted) / (atol + rtol * Math.abs(wanted));
    return Number.isFinite(share) ? share : Infinity;
  });
  return Math.max(0, ...shares);
}
