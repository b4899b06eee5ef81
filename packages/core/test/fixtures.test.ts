import { cpu } from "@chainrule/backend-cpu";
import * as core from "@chainrule/core";
import { gradient, registerBackend, type Tensor, tensor } from "@chainrule/core";
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
    method: () => (method() as Callable).apply(first, [...rest, ...args]),
    property: method,
    function: () => (core[op as keyof typeof core] as Callable)(...inputs, ...args),
    list: () => (core[op as keyof typeof core] as Callable)([...inputs], ...args),
  };
  const result = calls[kind]();
  return several ? (result as Tensor[]) : [result as Tensor];
}

/** Terms in each sum that the case's numbers are made of, as its operations' bounds grow with them. */
function terms({ op, inputs }: OperationCase): number {
  const sizes = inputs.map(({ array }) => array.data.length);
  const isProduct = op === "matmul" || op === "dot" || op === "outer";
  if (isProduct) return Math.max(1, ...inputs.flatMap(({ array }) => array.shape));
  return op === "sum" || op === "cumsum" || op === "mean" ? Math.max(1, ...sizes) : 1;
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

async function holds(c: OperationCase): Promise<void> {
  const bases = c.inputs.map(({ array }) => toTensor(array));
  const outputs = call(
    c,
    bases.map((base, i) => throughViews(base, c.inputs[i]!)),
  );
  expect(outputs).toHaveLength(c.outputs.length);
  const bounds = (array: FixtureArray): CloseOptions => sumTolerance(array.dtype, terms(c));
  for (const [i, expected] of c.outputs.entries()) {
    await expectArray(outputs[i]!, expected, {
      ...bounds(expected),
      signedZero: false,
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
      await expectArray(actual[i]!, array, { ...bounds(array), signedZero: false, label });
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
  for (const c of loadOperations(file)) it(c.name, () => holds(c));
});
