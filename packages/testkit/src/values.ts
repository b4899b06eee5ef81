/** Mulberry32, a small generator of its own: inputs must not come from the code that they test. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** `count` numbers in [low, high), the same for the same seed; each is a float32, so that no dtype rounds it. */
export function randomValues(seed: number, count: number, low = -2, high = 2): number[] {
  const next = generator(seed);
  return Array.from({ length: count }, () => Math.fround(low + (high - low) * next()));
}

/** `count` whole numbers in [low, high). */
export function randomIntegers(seed: number, count: number, low: number, high: number): number[] {
  const next = generator(seed);
  return Array.from({ length: count }, () => low + Math.floor((high - low) * next()));
}
