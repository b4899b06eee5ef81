import { concat, gradient, Tensor } from "@chainrule/core";
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

/** The arguments of `forward`: LSTMs take their state as a pair, recurrent layers a mask, attention an object of them. */
function argumentsOf({ layer, masks }: ModuleCase, inputs: readonly Tensor[]): unknown[] {
  const given = Object.entries(masks).map(([name, value]): [string, unknown] => [
    name,
    typeof value === "boolean" ? value : fromFixture(value),
  ]);
  const [x, h, c] = inputs;
  if (layer.startsWith("LSTM")) return [x, h && [h, c], given[0]?.[1]];
  if (/^(RNN|GRU)/.test(layer)) return [x, h, given[0]?.[1]];
  if (given.length === 0) return [...inputs];
  const rest = layer === "MultiHeadAttention" ? [h ?? null, c ?? null] : [];
  return [x, ...rest, Object.fromEntries(given)];
}

/** What a layer gives as one tensor: several of them as one line, in order. */
function joined(output: unknown): Tensor {
  if (output instanceof Tensor) return output;
  return concat((output as unknown[]).map((part) => joined(part).flatten()));
}

describe.each(moduleFiles)("%s", (file) => {
  test.each(loadModules(file).map((fixture) => [fixture.name, fixture] as const))(
    "%s as in PyTorch",
    async (_, fixture) => {
      const layer = build(fixture).train(fixture.train);
      expect(Object.keys(layer.stateDict())).toEqual(Object.keys(fixture.before));
      layer.loadStateDict(fromFixtures(fixture.before));
      const inputs = fixture.inputs.map(fromFixture);
      const methods = layer as unknown as Record<string, (...args: unknown[]) => unknown>;
      const output = joined(methods[fixture.method]!(...argumentsOf(fixture, inputs)));
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
