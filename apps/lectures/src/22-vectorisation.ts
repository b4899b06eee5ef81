// One example at a time or all as the rows of a matrix: the gradients are the same, the time is not.
import { compile, Generator, random, realize, type Tensor } from "@chainrule/core";
import { lineChart } from "@chainrule/inspect";
import { Linear, mseLoss, Sequential, Tanh } from "@chainrule/nn";
import { atLeast, atMost, judged, type Result } from "./result.ts";

export async function vectorisation(): Promise<Result> {
  const generator = new Generator(22);
  const n = 512;
  const model = new Sequential(
    new Linear(20, 32, { generator }),
    new Tanh(),
    new Linear(32, 1, { generator }),
  );
  const [X, t] = [
    random.normal([n, 20], { generator }).detach(),
    random.normal([n, 1], { generator }).detach(),
  ];
  await realize(X, t);
  const gradients = compile((x: Tensor, y: Tensor) =>
    mseLoss(model.forward(x), y).gradient(...model.parameters()),
  );

  /** The mean gradient over all examples, taken `size` rows at a time, and the seconds that it took. */
  const inBatchesOf = async (size: number) => {
    const rows = Array.from({ length: n / size }, (_, i) => [i * size, (i + 1) * size] as const);
    const batches = rows.map((range) => [X.slice([...range]), t.slice([...range])] as const);
    await realize(...batches.flat());
    const sums = model.parameters().map(({ size }) => new Float64Array(size));
    const start = performance.now();
    for (const [x, y] of batches) {
      const parts = await Promise.all(gradients(x, y).map((gradient) => gradient.data()));
      parts.forEach((part, k) => part.forEach((value, i) => (sums[k]![i]! += (value * size) / n)));
    }
    return { sums, seconds: (performance.now() - start) / 1000 };
  };

  const sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
  const times: number[] = [];
  const results: Float64Array[][] = [];
  for (const size of sizes) {
    // The fastest of several runs, the first of which also captures the graph.
    const runs = [];
    for (let i = 0; i < 5; i++) runs.push(await inBatchesOf(size));
    times.push(Math.min(...runs.map(({ seconds }) => seconds)));
    results.push(runs[0]!.sums);
  }
  const [single, whole] = [
    results[0]!.map((sum) => [...sum]).flat(),
    results
      .at(-1)!
      .map((sum) => [...sum])
      .flat(),
  ];
  const apart = Math.max(...single.map((value, i) => Math.abs(value - whole[i]!)));
  const speedUp = times[0]! / times.at(-1)!;
  return judged({
    checks: [
      atMost("largest difference of the gradients, one at a time and design matrix", apart, 1e-6),
      atLeast("speed-up of the design matrix", speedUp, 2),
    ],
    notes: [{ name: "speed-up", value: `${speedUp.toFixed(1)}×` }],
    figures: [
      lineChart([{ x: sizes, y: times.map((time) => (1e6 * time) / n), mark: "both" }], {
        title: "Time for the gradient by rows at a time",
        subtitle: "20-32-1 tanh net, 512 examples, CPU backend",
        x: { label: "rows of the design matrix", log: true, ticks: sizes },
        y: { label: "time per example (µs)", log: true },
      }),
    ],
  });
}
