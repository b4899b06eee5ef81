const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const rotate = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

/**
 * Threefry-2x32 with 20 rounds: a bijection of the counter under a key, passing all known statistical tests.
 * Words are int32. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const keys = [k0 | 0, k1 | 0, 0x1bd11bda ^ k0 ^ k1];
  let x0 = (c0 + keys[0]!) | 0;
  let x1 = (c1 + keys[1]!) | 0;
  for (let group = 0; group < 5; group++) {
    for (let round = 0; round < 4; round++) {
      x0 = (x0 + x1) | 0;
      x1 = rotate(x1, rotations[(group % 2) * 4 + round]!) ^ x0;
    }
    x0 = (x0 + keys[(group + 1) % 3]!) | 0;
    x1 = (x1 + keys[(group + 2) % 3]! + group + 1) | 0;
  }
  return [x0, x1];
}
