import { type Dtype, formatShape, type Tensor } from "@chainrule/core";
import { expectClose } from "../expect-close.ts";
import type { Dense } from "../reference/dense.ts";
import { defaultTolerance, type Tolerance } from "../tolerance.ts";

/** One thing that a backend must do; `run` throws where it does not. */
export interface ConformanceCase {
  /** `op/dtype/label`, unique. */
  readonly name: string;
  readonly op: string;
  /** The dtype of the operands, the column of the table. */
  readonly dtype: Dtype;
  /** Runs on the default backend of the moment. */
  run(): Promise<void>;
}

/** What a case computes and what must come out. */
export interface Check {
  readonly op: string;
  readonly dtype: Dtype;
  readonly label: string;
  /** The call under test. */
  readonly actual: () => Tensor | Promise<Tensor>;
  /** What it must give, before rounding to the result's dtype. */
  readonly expected: () => Dense;
  /** The result's dtype; that of the operands unless said. */
  readonly result?: Dtype;
  readonly tolerance?: Tolerance;
  /** Whether zeros must have the right sign; not asked unless said. */
  readonly signedZero?: boolean;
}

/** A case that compares one tensor, its shape and its dtype with a reference. */
export function check(spec: Check): ConformanceCase {
  const { op, dtype, label, result = dtype } = spec;
  return scenario(op, dtype, label, async (name) => {
    const actual = await spec.actual();
    await expectTensor(actual, spec.expected(), result, name, spec);
  });
}

/** A case that is a small programme of its own. */
export function scenario(
  op: string,
  dtype: Dtype,
  label: string,
  run: (name: string) => Promise<void>,
): ConformanceCase {
  const name = `${op}/${dtype}/${label}`;
  return { name, op, dtype, run: () => run(name) };
}

/** Throws unless a tensor has this dtype, and the shape and elements of the reference. */
export async function expectTensor(
  actual: Tensor,
  expected: Dense,
  dtype: Dtype,
  label: string,
  options: { readonly tolerance?: Tolerance; readonly signedZero?: boolean } = {},
): Promise<void> {
  if (actual.dtype !== dtype) throw new Error(`${label}: the result is ${actual.dtype}, not ${dtype}`);
  if (actual.shape.join() !== expected.shape.join()) {
    throw new Error(
      `${label}: the result has shape ${formatShape(actual.shape)}, not ${formatShape(expected.shape)}`,
    );
  }
  expectClose(
    await actual.data(),
    expected.data.map((value) => rounded(dtype, value)),
    {
      ...defaultTolerance(dtype),
      ...options.tolerance,
      signedZero: options.signedZero ?? false,
      shape: expected.shape,
      label,
    },
  );
}

/** A double as an element of this dtype holds it. */
export function rounded(dtype: Dtype, value: number): number {
  switch (dtype) {
    case "float64":
      return value;
    case "float32":
      return Math.fround(value);
    case "int32":
      return value | 0;
    case "uint8":
      return value & 255;
    case "bool":
      return value === 0 ? 0 : 1;
  }
}
