import { gradient, type Tensor } from "@chainrule/core";
import { loadLayers, loadLosses, type LayerDescription, type LossCase } from "@chainrule/fixtures";
import * as nn from "@chainrule/nn";
import { expectClose } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { fromFixture, fromFixtures } from "./setup.ts";

type Dtype = Tensor["dtype"];

const builders: Record<string, (description: LayerDescription, dtype: Dtype) => nn.Module> = {
  Linear: ({ args, bias = true }, dtype) => new nn.Linear(args![0]!, args![1]!, { bias, dtype }),
  ReLU: () => new nn.ReLU(),
  Sigmoid: () => new nn.Sigmoid(),
  Tanh: () => new nn.Tanh(),
  Softmax: ({ args = [] }) => new nn.Softmax(...args),
  Flatten: ({ args = [] }) => new nn.Flatten(...args),
  Dropout: ({ args = [] }) => new nn.Dropout(...args),
  Sequential: ({ layers }, dtype) => new nn.Sequential(...layers!.map((layer) => build(layer, dtype))),
};

const build = (description: LayerDescription, dtype: Dtype): nn.Module =>
  builders[description.layer]!(description, dtype);

describe("layers", () => {
  test.each(loadLayers().map((fixture) => [fixture.name, fixture] as const))("%s", async (_, fixture) => {
    const layer = build(fixture.description, fixture.input.dtype).train(fixture.train);
    expect(Object.keys(layer.stateDict())).toEqual(Object.keys(fixture.state));
    layer.loadStateDict(fromFixtures(fixture.state));
    const x = fromFixture(fixture.input);
    const output = layer.forward(x);
    // IEEE leaves the sign of max(−0, 0) open.
    await expectClose(output, fromFixture(fixture.output), { label: "output", signedZero: false });
    const named = layer.namedParameters();
    const sources = [x, ...named.map(([, parameter]) => parameter)];
    const [first, ...rest] = gradient(output, sources, { upstream: fromFixture(fixture.upstream) });
    await expectClose(first!, fromFixture(fixture.inputGradient), { label: "input", signedZero: false });
    for (const [i, [name]] of named.entries()) {
      await expectClose(rest[i]!, fromFixture(fixture.gradients[name]!), { label: name, signedZero: false });
    }
  });
});

describe("losses", () => {
  const losses: Record<LossCase["loss"], (prediction: Tensor, target: Tensor, options: object) => Tensor> = {
    crossEntropy: nn.crossEntropy,
    meanSquaredError: nn.mseLoss,
    binaryCrossEntropyWithLogits: nn.bceWithLogits,
  };
  test.each(loadLosses().map((fixture) => [fixture.name, fixture] as const))("%s", async (_, fixture) => {
    const [prediction, target] = [fromFixture(fixture.prediction), fromFixture(fixture.target)];
    const options = { ...fixture.options, ...fromFixtures(fixture.tensorOptions) };
    const output = losses[fixture.loss](prediction, target, options);
    await expectClose(output, fromFixture(fixture.output), { label: "output", signedZero: false });
    const upstream = fromFixture(fixture.upstream);
    const [first] = gradient(output, [prediction], { upstream });
    await expectClose(first!, fromFixture(fixture.gradient), { label: "gradient", signedZero: false });
    if (fixture.targetGradient) {
      const [second] = gradient(output, [target], { upstream });
      await expectClose(second!, fromFixture(fixture.targetGradient), { label: "target", signedZero: false });
    }
  });
});
