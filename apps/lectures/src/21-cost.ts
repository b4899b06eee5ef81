// A net costs one multiply-add a weight forward and two backward, for each example: the summary counts what loops do.
import { zeros } from "@chainrule/core";
import { barChart, palette } from "@chainrule/inspect";
import { Linear, ReLU, Residual, Sequential, summary } from "@chainrule/nn";
import { exactly, judged, type Result } from "./result.ts";

export function cost(): Promise<Result> {
  const batch = 32;
  const shapes = [[784, 128], [128, 128], [128, 10]] as const; // prettier-ignore
  const [first, second, last] = shapes.map(([from, to]) => new Linear(from, to));
  const block = new Residual(new Sequential(second!, new ReLU()));
  const model = new Sequential(first!, new ReLU(), block, last!);
  const costs = summary(model, zeros([batch, 784]));

  const counted = { parameters: 0, forward: 0, backward: 0 };
  for (const [from, to] of shapes) {
    const loops = count(batch, from, to);
    counted.parameters += loops.parameters;
    counted.forward += loops.forward;
    counted.backward += loops.backward;
  }
  const bytes = 4 * model.parameters().reduce((sum, { size }) => sum + size, 0);
  const layers = costs.layers.filter(({ layer }) => layer === "Linear");
  return Promise.resolve(
    judged({
      checks: [
        exactly("parameters", costs.parameters, counted.parameters),
        exactly("multiply-adds forward", costs.forward!, counted.forward),
        exactly("multiply-adds backward", costs.backward!, counted.backward),
        exactly("bytes of parameters", costs.memory.parameters, bytes),
      ],
      notes: [{ name: "summary", value: `\n${String(costs)}` }],
      figures: [
        barChart(
          layers.flatMap(({ name, forward, backward }) => [
            { label: `${name} forward`, value: forward! / 1e6 },
            { label: `${name} backward`, value: backward! / 1e6, color: palette[1]! },
          ]),
          {
            title: "Multiply-adds of one step, by layer",
            subtitle: `784-128-128-10, batch of ${batch}`,
            value: { label: "multiply-adds (millions)" },
          },
        ),
      ],
    }),
  );
}

/** Counts what a linear layer does, one multiply-add at a time: y = Wx + b, then ∂L/∂x = Wᵀδ and ∂L/∂W = δxᵀ. */
function count(batch: number, from: number, to: number) {
  let [parameters, forward, backward] = [0, 0, 0];
  for (let o = 0; o < to; o++) {
    parameters++; // b[o]
    for (let i = 0; i < from; i++) parameters++; // W[o, i]
  }
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < to; o++) {
      for (let i = 0; i < from; i++) {
        forward++; // y[o] += W[o, i] · x[i]
        backward++; // ∂x[i] += W[o, i] · δ[o]
        backward++; // ∂W[o, i] += δ[o] · x[i]
      }
    }
  }
  return { parameters, forward, backward };
}
