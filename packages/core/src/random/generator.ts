import { threefry2x32 } from "../engine/threefry.ts";
import { OptionError } from "../errors.ts";

/**
 * A stream of random keys, numbered from 0 under a seed. It keeps only the seed and the count of what was drawn, so
 * that a run can be resumed, and gives the same numbers on every backend. Threefry-2x32-20, Salmon et al. 2011.
 */
export class Generator {
  readonly seed: number;
  /** How many keys were drawn; set it to resume. */
  counter: number;

  constructor(seed = 0, counter = 0) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new OptionError(`a seed is a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, not ${seed}`);
    }
    if (!Number.isSafeInteger(counter) || counter < 0)
      throw new OptionError(`a counter is a whole number ≥ 0, not ${counter}`);
    this.seed = seed;
    this.counter = counter;
  }

  #words(low: number, high: number): [number, number] {
    return threefry2x32(this.seed % 2 ** 32, Math.floor(this.seed / 2 ** 32), low, high);
  }

  /** The next key: two int32 words under which a tensor's worth of bits is drawn. */
  nextKey(): Int32Array {
    const at = this.counter++;
    return Int32Array.from(this.#words(at % 2 ** 32, Math.floor(at / 2 ** 32)));
  }

  /** A number in [0, 1) with 53 random bits, drawn on the host. */
  uniform(): number {
    const [high, low] = this.nextKey() as unknown as [number, number];
    return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
  }

  /** 0 … n − 1 in random order (Fisher–Yates), each order as likely as any other; one key is drawn. */
  permutation(n: number): Int32Array {
    if (!Number.isInteger(n) || n < 0 || n > 2 ** 31)
      throw new OptionError(`permutation: n is a whole number ≥ 0, not ${n}`);
    const [k0, k1] = this.nextKey() as unknown as [number, number];
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const [high, low] = threefry2x32(k0, k1, i, 0);
      const unit = ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
      const j = Math.floor(unit * (i + 1));
      const swapped = order[i]!;
      order[i] = order[j]!;
      order[j] = swapped;
    }
    return order;
  }
}
