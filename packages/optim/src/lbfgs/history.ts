/** Σ aᵢ·bᵢ. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The largest |aᵢ|. */
export function largest(a: Float64Array): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]!));
  return most;
}

/** a ← a + scale·b, in place. */
function addScaled(a: Float64Array, scale: number, b: Float64Array): void {
  for (let i = 0; i < a.length; i++) a[i]! += scale * b[i]!;
}

/** One curvature pair: the step s, the change y of the gradient over it, and 1 / (y·s). */
interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/**
 * The last steps and changes of the gradient, from which the inverse Hessian is estimated: for pairs (s, y) of a
 * quadratic it is exact along each s. Nocedal, "Updating quasi-Newton matrices with limited storage", 1980.
 */
export class History {
  readonly size: number;
  #pairs: Pair[] = [];

  constructor(size: number) {
    this.size = size;
  }

  get length(): number {
    return this.#pairs.length;
  }

  clear(): void {
    this.#pairs = [];
  }

  /** Takes a pair, unless the curvature along it is not positive: the estimate would lose its own. */
  push(s: Float64Array, y: Float64Array): void {
    const curvature = dot(y, s);
    if (!(curvature > 1e-10 * dot(y, y) ** 0.5 * dot(s, s) ** 0.5)) return;
    if (this.#pairs.length === this.size) this.#pairs.shift();
    this.#pairs.push({ s, y, rho: 1 / curvature });
  }

  /** −H·g by the two-loop recursion, which starts from H₀ = (s·y / y·y)·I of the newest pair. */
  direction(gradient: Float64Array): Float64Array {
    const d = gradient.map((g) => -g);
    const shares: number[] = [];
    for (const { s, y, rho } of this.#pairs.toReversed()) {
      const share = rho * dot(s, d);
      shares.unshift(share);
      addScaled(d, -share, y);
    }
    const newest = this.#pairs.at(-1);
    if (newest) {
      const scale = 1 / (newest.rho * dot(newest.y, newest.y));
      for (let i = 0; i < d.length; i++) d[i]! *= scale;
    }
    for (const [i, { s, y, rho }] of this.#pairs.entries()) addScaled(d, shares[i]! - rho * dot(y, d), s);
    return d;
  }
}
