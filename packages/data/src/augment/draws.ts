import { type Generator, threefry2x32 } from "@chainrule/core";

/** At least `count` words of 32 random bits, an even number of them; one key is drawn. */
function words(generator: Generator, count: number): Uint32Array {
  const [k0, k1] = generator.nextKey() as unknown as [number, number];
  const out = new Uint32Array(count + (count % 2));
  for (let i = 0; i < out.length; i += 2) {
    const [a, b] = threefry2x32(k0, k1, i, 0);
    out[i] = a;
    out[i + 1] = b;
  }
  return out;
}

/** `count` numbers from [−1, 1), in steps of 2⁻³¹; one key is drawn. */
export function uniformNumbers(generator: Generator, count: number): Float64Array {
  const bits = words(generator, count);
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) out[i] = bits[i]! / 2 ** 31 - 1;
  return out;
}

/** `count` numbers, rounded up to even, from the standard normal distribution (Box and Muller, 1958); one key is drawn. */
export function normalNumbers(generator: Generator, count: number): Float64Array {
  const bits = words(generator, count);
  const out = new Float64Array(bits.length);
  for (let i = 0; i < bits.length; i += 2) {
    // Half a step above 0, where the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log((bits[i]! + 0.5) / 2 ** 32));
    const angle = bits[i + 1]! * (Math.PI / 2 ** 31);
    out[i] = radius * Math.cos(angle);
    out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}
