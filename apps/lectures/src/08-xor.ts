// XOR needs a hidden layer: two hard thresholds set by hand solve it, and backpropagation finds two soft ones.
import { compile, Generator, tensor } from "@chainrule/core";
import { decisionBoundary, lineChart, palette, type Series } from "@chainrule/inspect";
import { bceWithLogits, Linear, Sequential, Step, Tanh } from "@chainrule/nn";
import { normal } from "@chainrule/nn/init";
import { SGD } from "@chainrule/optim";
import { atLeast, exactly, judged, type Result } from "./result.ts";

const x = tensor([[0, 0], [0, 1], [1, 0], [1, 1]]); // prettier-ignore
const t = tensor([[0], [1], [1], [0]]);

/** OR and NAND in the hidden layer, AND above them. */
async function byHand(): Promise<Sequential> {
  const net = new Sequential(new Linear(2, 2), new Step(), new Linear(2, 1), new Step());
  net.loadStateDict({
    "0.weight": tensor([[1, 1], [-1, -1]]), // prettier-ignore
    "0.bias": tensor([-0.5, 1.5]),
    "2.weight": tensor([[1, 1]]),
    "2.bias": tensor([-1.5]),
  });
  return net;
}

/**
 * The recipe: inputs −1 and 1, weights from N(0, 0.3²), 400 steps of SGD (rate 0.1, momentum 0.9) on the cross-entropy.
 * The loss has places to be stuck in: where it ends above 0.1, new weights are drawn, up to ten times.
 */
async function learn(seed: number) {
  const generator = new Generator(seed);
  const options = { init: normal(0, 0.3), biasInit: normal(0, 0.3), generator };
  const curves: number[][] = [];
  for (;;) {
    const net = new Sequential(new Linear(2, 2, options), new Tanh(), new Linear(2, 1, options));
    const parameters = net.parameters();
    const sgd = new SGD({ lr: 0.1, momentum: 0.9 });
    const step = compile(() => {
      const loss = bceWithLogits(net.forward(x.mul(2).sub(1)), t);
      sgd.update(parameters, loss.gradient(...parameters));
      return loss;
    });
    const losses: number[] = [];
    for (let i = 0; i < 400; i++) losses.push(await step().item());
    curves.push(losses);
    if (losses.at(-1)! < 0.1 || curves.length === 10) return { net, curves };
  }
}

/** Curves in two colours, each in the legend once. */
function byOutcome(curves: readonly number[][]): Series[] {
  const stuck = curves.filter((losses) => losses.at(-1)! >= 0.1);
  const learned = curves.filter((losses) => losses.at(-1)! < 0.1);
  const named = (name: string, color: string, all: readonly number[][]): Series[] =>
    all.map((y, i) => ({ y, color, ...(i === 0 ? { name } : {}) }));
  return [...named("learned", palette[0]!, learned), ...named("stuck, drawn again", palette[1]!, stuck)];
}

export async function xor(): Promise<Result> {
  const hand = await byHand();
  const right = await hand.forward(x).equal(t).sum().item();

  let [solved, attempts] = [0, 0];
  for (let seed = 0; seed < 100; seed++) {
    const { net, curves } = await learn(seed);
    const output = net.forward(x.mul(2).sub(1)).greater(0);
    if ((await output.equal(t.greater(0)).all().item()) === 1) solved++;
    attempts += curves.length;
  }

  const shown = await learn(0);
  const runs = await Promise.all([0, 1, 2, 3, 4, 5].map(learn));
  const points = { x: await x.data(), y: await t.data() };
  const range = { domain: [-0.3, 1.3] } as const;
  const chart = { x: { label: "x₁", ...range }, y: { label: "x₂", ...range }, width: 420, height: 360 };
  return judged({
    checks: [
      exactly("rows of the truth table right by hand", right, 4),
      atLeast("seeds of 100 from which a 2-2-1 net learns XOR", solved, 99),
    ],
    notes: [{ name: "weights drawn per seed", value: attempts / 100 }],
    figures: [
      await decisionBoundary((p) => hand.forward(p), points, {
        title: "XOR by hand",
        subtitle: "hidden units: OR, NAND",
        output: "probabilities",
        ...chart,
      }),
      await decisionBoundary((p) => shown.net.forward(p.mul(2).sub(1)), points, {
        title: "XOR learned",
        subtitle: "2-2-1 net, seed 0",
        ...chart,
      }),
      lineChart(byOutcome(runs.flatMap(({ curves }) => curves)), {
        title: "Every attempt from seeds 0 to 5",
        subtitle: "stuck at ½ ln 2: two patterns have one hidden code",
        x: { label: "step" },
        y: { label: "cross-entropy (nats)" },
      }),
    ],
  });
}
