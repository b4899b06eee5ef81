import { arange, eye, full, linspace, ones, zeros } from "@chainrule/core";
import { dense, generate } from "../reference/dense.ts";
import { check, type ConformanceCase } from "./case.ts";
import { all, floats, numbers } from "./inputs.ts";

/** Tensors from nothing. */
export function creationCases(): ConformanceCase[] {
  const exact = { rtol: 0, atol: 0 };
  return [
    ...all.flatMap((dtype) => [
      check({
        op: "zeros",
        dtype,
        label: "odd",
        actual: () => zeros([3, 5], { dtype }),
        expected: () => generate([3, 5], () => 0),
        tolerance: exact,
      }),
      check({
        op: "ones",
        dtype,
        label: "scalar",
        actual: () => ones([], { dtype }),
        expected: () => dense([], [1]),
        tolerance: exact,
      }),
      check({
        op: "zeros",
        dtype,
        label: "empty",
        actual: () => zeros([0, 2], { dtype }),
        expected: () => dense([0, 2], []),
      }),
    ]),
    ...numbers.flatMap((dtype) => [
      check({
        op: "full",
        dtype,
        label: "negative",
        actual: () => full([2, 3], -3, { dtype }),
        expected: () => generate([2, 3], () => -3),
        tolerance: exact,
      }),
      check({
        op: "arange",
        dtype,
        label: "down by twos",
        actual: () => arange(9, -4, -2, { dtype }),
        expected: () => dense([7], [9, 7, 5, 3, 1, -1, -3]),
        tolerance: exact,
      }),
      check({
        op: "eye",
        dtype,
        label: "wide",
        actual: () => eye(3, 5, { dtype }),
        expected: () => generate([3, 5], ([i, j]) => Number(i === j)),
        tolerance: exact,
      }),
    ]),
    ...floats.flatMap((dtype) => [
      check({
        op: "full",
        dtype,
        label: "minus zero",
        actual: () => full([3], -0, { dtype }).add(full([], -0, { dtype })),
        expected: () => dense([3], [-0, -0, -0]),
        signedZero: true,
      }),
      check({
        op: "full",
        dtype,
        label: "NaN",
        actual: () => full([3], NaN, { dtype }),
        expected: () => dense([3], [NaN, NaN, NaN]),
      }),
      check({
        op: "full",
        dtype,
        label: "infinity",
        actual: () => full([3], -Infinity, { dtype }),
        expected: () => dense([3], [-Infinity, -Infinity, -Infinity]),
      }),
      check({
        op: "linspace",
        dtype,
        label: "both ends",
        actual: () => linspace(-1, 2, 13, { dtype }),
        expected: () => generate([13], ([i]) => -1 + i! * 0.25),
      }),
    ]),
  ];
}
