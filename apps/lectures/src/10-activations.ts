// The non-linear function of a unit decides what its net can form and how gradients pass: each one with its slope.
import { gradient, tensor, type Tensor } from "@chainrule/core";
import { loadCalls, loadOperations, type FixtureArray } from "@chainrule/fixtures";
import { activationChart, lineChart } from "@chainrule/inspect";
import * as nn from "@chainrule/nn";
import { distance, read } from "./pytorch.ts";
import { atMost, exactly, judged, type Result } from "./result.ts";

const elementwise: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  linear: (x) => new nn.Identity().forward(x),
  step: (x) => nn.step(x),
  sigmoid: (x) => x.sigmoid(),
  tanh: (x) => x.tanh(),
  ReLU: (x) => x.relu(),
  "leaky ReLU": (x) => nn.leakyReLU(x, 0.1),
  ELU: (x) => nn.elu(x),
  SELU: (x) => nn.selu(x),
  softplus: (x) => nn.softplus(x),
  GELU: (x) => nn.gelu(x),
  SiLU: (x) => nn.silu(x),
  Mish: (x) => nn.mish(x),
  "hard sigmoid": (x) => nn.hardSigmoid(x),
  "hard swish": (x) => nn.hardSwish(x),
  // The larger of two lines, which here are −x/2 and x: the corner is learned, not given.
  maxout: (x) => nn.maxout(x.expandDims(-1).mul(tensor([-0.5, 1], { dtype: x.dtype })), 2).squeeze(-1),
};

export async function activations(): Promise<Result> {
  const cases = [...recordedCalls(), ...recordedMethods()];
  const worst = { value: 0, slope: 0 };
  for (const { call, inputs, output, upstream, gradients } of cases) {
    const xs = inputs.map(read);
    const y = call(xs);
    worst.value = Math.max(worst.value, await distance(y, output));
    if (!upstream) continue;
    const wanted = xs.filter((_, i) => gradients[i]);
    const slopes = gradient(y, wanted, { upstream: read(upstream) });
    const expected = gradients.filter((one) => one !== null);
    for (const [i, slope] of slopes.entries()) {
      worst.slope = Math.max(worst.slope, await distance(slope, expected[i]!));
    }
  }
  // PyTorch has no step with this value at 0, and the identity is itself: both are held to their definition.
  const x = tensor([-2, -0, 0, 3]);
  const plain = nn
    .step(x)
    .sub(tensor([0, 1, 1, 1]))
    .abs()
    .sum()
    .add(new nn.Identity().forward(x).sub(x).abs().sum());

  const size = { width: 280, height: 190 };
  const charts = Object.entries(elementwise).map(([name, fn]) => activationChart(name, fn, size));
  return judged({
    checks: [
      atMost("values: worst error, in tolerances of PyTorch's assert_close", worst.value, 1),
      atMost("derivatives: worst error, in the same tolerances", worst.slope, 1),
      exactly("step and identity: sum of errors", await plain.item(), 0),
    ],
    notes: [{ name: "calls recorded from PyTorch and compared", value: cases.length }],
    figures: [
      ...(await Promise.all(charts)),
      await softmaxChart("softmax"),
      await softmaxChart("logSoftmax"),
    ],
  });
}

/** A call that PyTorch recorded: inputs, output, and the gradients of sum(output · upstream). */
interface Recorded {
  readonly call: (xs: readonly Tensor[]) => Tensor;
  readonly inputs: readonly FixtureArray[];
  readonly output: FixtureArray;
  readonly upstream: FixtureArray | null;
  readonly gradients: readonly (FixtureArray | null)[];
}

function recordedCalls(): Recorded[] {
  const functions = nn as unknown as Record<string, (...args: unknown[]) => Tensor>;
  return loadCalls("activations").map((one) => ({
    ...one,
    call: (xs) => functions[one.function]!(...xs, ...(one.args ?? [])),
  }));
}

function recordedMethods(): Recorded[] {
  const names = ["relu", "sigmoid", "tanh", "softplus", "logSigmoid", "softmax", "logSoftmax"];
  const all = [...loadOperations("ops-unary"), ...loadOperations("ops-reductions")];
  const plain = all.filter(({ op, inputs }) => names.includes(op) && inputs[0]!.views.length === 0);
  return plain.map(({ op, inputs, args, outputs, upstreams, gradients }) => ({
    call: ([x]) => (x as unknown as Record<string, (...args: unknown[]) => Tensor>)[op]!(...args),
    inputs: inputs.map(({ array }) => array),
    output: outputs[0]!,
    upstream: upstreams?.[0] ?? null,
    gradients: gradients ?? [],
  }));
}

/** Three scores compete: the first runs from −4 to 4, the others stay at 0 and 1. */
async function softmaxChart(name: "softmax" | "logSoftmax"): Promise<string> {
  const z = Array.from({ length: 81 }, (_, i) => -4 + i / 10);
  const scores = tensor(z.map((one) => [one, 0, 1]));
  const y = name === "softmax" ? scores.softmax(1) : scores.logSoftmax(1);
  const outputs = await Promise.all(y.unstack(1).map((output) => output.data()));
  const series = outputs.map((values, i) => ({ name: `y${"₁₂₃"[i]}`, x: z, y: values }));
  return lineChart(series, {
    title: name,
    x: { label: "z₁, with z₂ = 0 and z₃ = 1" },
    width: 280,
    height: 190,
  });
}
