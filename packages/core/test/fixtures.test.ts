import { cpu } from "@chainrule/backend-cpu";
import {
  arange,
  concat,
  cumsum,
  erfinv,
  eye,
  full,
  gradient,
  linspace,
  oneHot,
  ones,
  registerBackend,
  stack,
  type Tensor,
  tensor,
  where,
  zeros,
} from "@chainrule/core";
import {
  type FixtureArray,
  loadOperations,
  type OperationCase,
  operationFiles,
  type OperationInput,
} from "@chainrule/fixtures";
import { type CloseOptions, expectClose, sumTolerance } from "@chainrule/testkit";
import { describe, expect, it } from "vitest";

registerBackend(cpu);

type Callable = (...args: unknown[]) => unknown;

/** Operations that are no method. */
const functions = {
  arange,
  concat,
  cumsum,
  erfinv,
  eye,
  full,
  linspace,
  oneHot,
  ones,
  stack,
  where,
  zeros,
} as Record<string, Callable>;

const toTensor = ({ data, shape, dtype }: FixtureArray): Tensor => tensor(data, { shape: [...shape], dtype });

function throughViews(base: Tensor, { views }: OperationInput): Tensor {
  return views.reduce(
    (x, [method, ...args]) => (x[method as keyof Tensor] as Callable).apply(x, args) as Tensor,
    base,
  );
}

/** The call as the case describes it. */
function call({ op, call: kind, args, several }: OperationCase, inputs: readonly Tensor[]): Tensor[] {
  const [first, ...rest] = inputs;
  const method = (): unknown => first![op as keyof Tensor];
  const calls = {
    // What is a method of PyTorch's tensors may be a function here.
    method: () =>
      functions[op]?.(...inputs, ...args) ?? (method() as Callable).apply(first, [...rest, ...args]),
    property: method,
    function: () => functions[op]!(...inputs, ...args),
    list: () => functions[op]!([...inputs], ...args),
  };
  const result = calls[kind]();
  return several ? (result as Tensor[]) : [result as Tensor];
}

/** Files whose zeros have a sign by rule, not by the order of a sum. */
const exactZeros = new Set<string>(["ops-unary", "ops-binary", "ops-shapes", "ops-indexing"]);

/**
 * Operations built on a maximum: of 0 and −0 PyTorch gives whichever its SIMD instruction returns, where ours says
 * +0 is larger (IEEE 754-2019 maximum); `logSigmoid` is a maximum and a negation.
 */
const freeZeros = new Set(["maximum", "minimum", "relu", "logSigmoid"]);

/** Operations whose value is a sum; the gradients of the others in their file are sums as well. */
const sums = new Set(["sum", "mean", "cumsum", "matmul", "dot"]);

/** The most terms in a sum that the case's values are made of, since a sum's bound grows with their root. */
function terms({ op, inputs }: OperationCase, isGradient: boolean, file: string): number {
  const summed = sums.has(op) || (isGradient && (file === "ops-reductions" || file === "ops-products"));
  if (!summed) return 1;
  // A product sums along one axis, a reduction over any number of them.
  const sizes = inputs.flatMap(({ array }) => (file === "ops-products" ? array.shape : [array.data.length]));
  return Math.max(1, ...sizes);
}

async function expectArray(
  actual: Tensor,
  expected: FixtureArray,
  options: CloseOptions & { label: string },
): Promise<void> {
  expect(actual.shape, `${options.label}: shape`).toEqual(expected.shape);
  expect(actual.dtype, `${options.label}: dtype`).toBe(expected.dtype);
  expectClose(await actual.data(), expected.data, { ...options, shape: expected.shape });
}

async function holds(c: OperationCase, file: string): Promise<void> {
  const bases = c.inputs.map(({ array }) => toTensor(array));
  const outputs = call(
    c,
    bases.map((base, i) => throughViews(base, c.inputs[i]!)),
  );
  expect(outputs).toHaveLength(c.outputs.length);
  const bounds = (array: FixtureArray, isGradient: boolean): CloseOptions =>
    sumTolerance(array.dtype, terms(c, isGradient, file));
  for (const [i, expected] of c.outputs.entries()) {
    await expectArray(outputs[i]!, expected, {
      ...bounds(expected, false),
      signedZero: exactZeros.has(file) && !freeZeros.has(c.op),
      label: `output ${i}`,
    });
  }
  if (!c.gradients) return;

  const upstreams = c.upstreams!.map(toTensor);
  const loss = outputs.map((y, i) => y.mul(upstreams[i]!).sum()).reduce((a, b) => a.add(b));
  const sources = bases.filter((_, i) => c.gradients![i] !== null);
  const compare = async (
    what: string,
    actual: readonly Tensor[],
    expected: readonly (FixtureArray | null)[],
  ): Promise<void> => {
    const wanted = expected.filter((array) => array !== null);
    for (const [i, array] of wanted.entries()) {
      const label = `${what} of input ${i}`;
      await expectArray(actual[i]!, array, { ...bounds(array, true), signedZero: false, label });
    }
  };
  const first = gradient(loss, sources);
  await compare("gradient", first, c.gradients);
  if (!c.secondOrder) return;

  const directions = c.secondOrder.directions.filter((v) => v !== null).map(toTensor);
  const total = first.map((g, i) => g.mul(directions[i]!).sum()).reduce((a, b) => a.add(b));
  await compare("second-order gradient", gradient(total, sources), c.secondOrder.gradients);
}

describe.each(operationFiles)("PyTorch's values and gradients: %s", (file) => {
  for (const c of loadOperations(file)) it(c.name, () => holds(c, file));
});
