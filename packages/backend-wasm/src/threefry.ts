import type { Target } from "./target.ts";
import type { Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** Word 0 of Threefry-2x32-20 under the key (k0, k1) at counters (c, 0), four at a time. */
export function threefry({ f, int32: { add, or, xor } }: Target, k0: Local, k1: Local, c: Local): Local {
  const keys = [k0, k1, xor(xor(k0, k1), 0x1bd11bda)];
  let x = add(c, k0);
  let y = k1;
  for (let group = 0; group < 5; group++) {
    for (let round = 0; round < 4; round++) {
      const bits = rotations[(group % 2) * 4 + round]!;
      x = add(x, y);
      y = xor(or(f.v(op.i32x4shl, y, bits), f.v(op.i32x4shrU, y, 32 - bits)), x);
    }
    x = add(x, keys[(group + 1) % 3]!);
    y = add(add(y, keys[(group + 2) % 3]!), group + 1);
  }
  return x;
}
