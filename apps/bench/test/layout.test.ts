import { describe, expect, test } from "vitest";
import { fromStored, permuted, plain, reordered, toStored } from "../src/impl/layout.ts";

describe("layouts", () => {
  const values = Float32Array.from({ length: 24 }, (_, i) => i);

  test("a permutation of axes moves each element to its place", () => {
    const shape = [2, 3, 4] as const;
    const result = permuted(values, shape, [2, 0, 1]);
    for (let i = 0; i < 2; i++) {
      for (let j = 0; j < 3; j++) {
        for (let k = 0; k < 4; k++) expect(result[(k * 2 + i) * 3 + j]).toBe((i * 3 + j) * 4 + k);
      }
    }
  });

  test.each([
    plain([4, 6]),
    reordered([4, 6], [1, 0]),
    reordered([1, 2, 3, 4], [2, 3, 1, 0]),
    reordered([2, 3, 4], [1, 2, 0]),
  ])("what is stored as $stored comes back", (layout) => {
    expect(layout.stored.reduce((size, extent) => size * extent)).toBe(24);
    expect(fromStored(toStored(values, layout), layout)).toEqual(values);
  });
});
