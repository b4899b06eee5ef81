import { gradient, type Tensor } from "@chainrule/core";
import { callFiles, loadCalls, type CallCase } from "@chainrule/fixtures";
import * as nn from "@chainrule/nn";
import { expectClose } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { fromFixture, fromFixtures } from "./setup.ts";

const functions = nn as unknown as Record<string, (...args: unknown[]) => Tensor>;

function call(fixture: CallCase, inputs: readonly Tensor[]): Tensor {
  const options = { ...fixture.options, ...fromFixtures(fixture.tensorOptions) };
  return functions[fixture.function]!(...inputs, ...(fixture.args ?? [options]));
}

// IEEE leaves the sign of a zero open where several terms meet in it.
const loose = { signedZero: false };

describe.each(callFiles)("%s as in PyTorch", (file) => {
  test.each(loadCalls(file).map((fixture) => [fixture.name, fixture] as const))("%s", async (_, fixture) => {
    const inputs = fixture.inputs.map(fromFixture);
    const output = call(fixture, inputs);
    expect(output.dtype).toBe(fixture.output.dtype);
    await expectClose(output, fromFixture(fixture.output), { label: "output", ...loose });
    const sources = inputs.filter((_, i) => fixture.gradients[i]);
    if (!fixture.upstream) return;
    const expected = fixture.gradients.filter((g) => g !== null).map(fromFixture);
    const grads = gradient(output, sources, { upstream: fromFixture(fixture.upstream) });
    for (const [i, grad] of grads.entries()) {
      await expectClose(grad, expected[i]!, { label: `gradient ${i}`, ...loose });
    }
    if (!fixture.second) return;
    const directions = fixture.second.directions.filter((d) => d !== null).map(fromFixture);
    const total = grads.map((grad, i) => grad.mul(directions[i]!).sum()).reduce((a, b) => a.add(b));
    const seconds = fixture.second.gradients.filter((g) => g !== null).map(fromFixture);
    for (const [i, second] of gradient(total, sources).entries()) {
      await expectClose(second, seconds[i]!, { label: `second order ${i}`, ...loose });
    }
  });
});
