import { gradient } from "@chainrule/core";
import { loadModules, moduleFiles, type ModuleCase } from "@chainrule/fixtures";
import * as nn from "@chainrule/nn";
import { expectClose } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { fromFixture, fromFixtures } from "./setup.ts";

type AnyConstructor = new (...args: never[]) => nn.Module<never>;

function build({ layer, args, options, output }: ModuleCase): nn.Module<never> {
  const Layer = (nn as unknown as Record<string, AnyConstructor>)[layer]!;
  return new Layer(...([...args, { ...options, dtype: output.dtype }] as never[]));
}

describe.each(moduleFiles)("%s", (file) => {
  test.each(loadModules(file).map((fixture) => [fixture.name, fixture] as const))(
    "%s as in PyTorch",
    async (_, fixture) => {
      const layer = build(fixture).train(fixture.train);
      expect(Object.keys(layer.stateDict())).toEqual(Object.keys(fixture.before));
      layer.loadStateDict(fromFixtures(fixture.before));
      const inputs = fixture.inputs.map(fromFixture);
      const output = layer.forward(...(inputs as never));
      await expectClose(output, fromFixture(fixture.output), { label: "output", signedZero: false });
      const named = layer.namedParameters();
      const floats = inputs.filter((_, i) => fixture.inputGradients[i]);
      const expected = [
        ...fixture.inputGradients.filter((g) => g !== null),
        ...named.map(([name]) => fixture.gradients[name]!),
      ];
      const sources = [...floats, ...named.map(([, parameter]) => parameter)];
      const grads = gradient(output, sources, { upstream: fromFixture(fixture.upstream) });
      for (const [i, grad] of grads.entries()) {
        const label = i < floats.length ? `input ${i}` : named[i - floats.length]![0];
        await expectClose(grad, fromFixture(expected[i]!), { label, signedZero: false });
      }
      for (const [name, value] of Object.entries(layer.stateDict())) {
        await expectClose(value, fromFixture(fixture.after[name]!), { label: `${name} after` });
      }
    },
  );
});
