// Differences of the loss check a gradient, at two evaluations a parameter: backpropagation needs one pass for all.
import { compile, customGradient, Generator, random, realize, tensor } from "@chainrule/core";
import { lineChart } from "@chainrule/inspect";
import { Linear, mseLoss, Sequential, Tanh } from "@chainrule/nn";
import { gradCheck } from "@chainrule/testkit";
import { atLeast, between, exactly, judged, type Result } from "./result.ts";

export async function gradientCheck(): Promise<Result> {
  const draw = { dtype: "float64", generator: new Generator(12) } as const;
  const model = new Sequential(new Linear(10, 20, draw), new Tanh(), new Linear(20, 1, draw));
  const x = random.normal([64, 10], draw).detach();
  const t = random.normal([64, 1], draw).detach();
  const [weight] = model.parameters();
  const count = model.parameters().reduce((sum, { size }) => sum + size, 0);

  // The public check compares every element of every gradient with a central difference.
  await gradCheck((w, b) => x.matmul(w.T).add(b).tanh(), [weight!, random.normal([20], draw)]);
  const wrong = customGradient((z) => z.square(), (up, _, z) => [up.mul(z).mul(2.02)]); // prettier-ignore
  const caught = await gradCheck((z) => wrong(z), [x]).then(() => 0, () => 1); // prettier-ignore

  // One weight by hand: forward and central differences against backpropagation, for steps from 10⁻¹ to 10⁻¹².
  const loss = compile(() => mseLoss(model.forward(x), t));
  const exact = (await mseLoss(model.forward(x), t).gradient(weight!)[0]!.data())[0]!;
  const start = weight!.stopGradient();
  const nudge = tensor(
    Float64Array.from({ length: 200 }, (_, i) => Number(i === 0)),
    { shape: [20, 10] },
  );
  const lossAt = async (step: number): Promise<number> => {
    weight!.assign(start.add(nudge.mul(step)));
    return loss().item();
  };
  const steps = Array.from({ length: 23 }, (_, i) => 10 ** (-1 - i / 2));
  const errors = { forward: [] as number[], central: [] as number[] };
  for (const h of steps) {
    const [here, above, below] = [await lossAt(0), await lossAt(h), await lossAt(-h)];
    errors.forward.push(Math.abs((above - here) / h - exact));
    errors.central.push(Math.abs((above - below) / (2 * h) - exact));
  }
  weight!.assign(start);
  const order = (all: readonly number[]): number => Math.log10(all[0]! / all[4]!) / 2; // from h = 10⁻¹ to 10⁻³

  const backward = compile(() => mseLoss(model.forward(x), t).gradient(...model.parameters()));
  const once = await seconds(() => realize(...backward()));
  const twicePerParameter = 2 * count * (await seconds(() => realize(loss())));
  return judged({
    checks: [
      exactly("a derivative wrong by 1 % is found by gradCheck", caught, 1),
      between("order of the forward difference's error in h", order(errors.forward), 0.8, 1.2),
      between("order of the central difference's error in h", order(errors.central), 1.8, 2.2),
      atLeast("time for central differences over time for backpropagation", twicePerParameter / once, 10),
    ],
    notes: [{ name: "parameters, each with two evaluations of the loss", value: count }],
    figures: [
      lineChart(
        [
          { name: "forward (L(w + h) − L(w)) / h", x: steps, y: errors.forward, mark: "both" },
          { name: "central (L(w + h) − L(w − h)) / 2h", x: steps, y: errors.central, mark: "both" },
        ],
        {
          title: "Error of a numerical derivative",
          subtitle: "truncation on the right, rounding of float64 on the left",
          x: { label: "step h", log: true },
          y: { label: "|numerical − analytic|", log: true },
        },
      ),
    ],
  });
}

/** The fastest of several runs: others on the machine only ever make it slower. */
async function seconds(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 50; i++) {
    const start = performance.now();
    await run();
    times.push((performance.now() - start) / 1000);
  }
  return Math.min(...times);
}
