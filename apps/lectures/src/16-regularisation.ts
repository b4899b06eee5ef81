// A net that learns a small training set by heart must be held back: eight ways to do it, each on the same data.
import { concat, Generator, random, type Tensor } from "@chainrule/core";
import { type BatchInfo, DataLoader, type Fields, overfittingSet, randomSplit } from "@chainrule/data";
import { barChart, lossCurves, palette } from "@chainrule/inspect";
import * as nn from "@chainrule/nn";
import { Adam, AdamW, type Optimizer } from "@chainrule/optim";
import { type Callback, earlyStopping, evaluate, fit, type History } from "@chainrule/train";
import { atMost, judged, type Result } from "./result.ts";

/** What a way to regularise changes; everything else is as in the net left alone. */
interface Way {
  readonly model?: nn.Module;
  readonly optimizer?: Optimizer;
  readonly penalty?: (parameters: readonly nn.Parameter[]) => Tensor;
  readonly callback?: (model: nn.Module) => Callback;
  readonly map?: (batch: Fields, info: BatchInfo) => Fields;
}

const net = (before: nn.Module, after: nn.Module): nn.Module =>
  new nn.Sequential(before, new nn.Linear(20, 64), new nn.ReLU(), after, new nn.Linear(64, 2));
const plain = (): nn.Module => net(new nn.Identity(), new nn.Identity());

const ways: Readonly<Record<string, () => Way>> = {
  "left alone": () => ({}),
  "weight decay (L2) 1": () => ({ optimizer: new AdamW({ lr: 0.01, weightDecay: 1 }) }),
  "L1 penalty 0.005": () => ({ penalty: (parameters) => nn.l1Penalty(parameters, 0.005) }),
  "dropout 0.2 and 0.5": () => ({ model: net(new nn.Dropout(0.2), new nn.Dropout(0.5)) }),
  "early stopping, patience 10": () => ({ callback: () => earlyStopping({ patience: 10 }) }),
  "noise of 1 on the inputs": () => ({ model: net(new nn.GaussianNoise(1), new nn.Identity()) }),
  "augmentation: exchanged features": () => ({ map: exchanged }),
  "weights shared in two groups": () => ({
    model: new nn.Sequential(new SharedByGroups(64), new nn.ReLU(), new nn.Linear(64, 2)),
  }),
  "max-norm 0.5": () => ({
    callback: (model) => ({ onStepEnd: () => nn.constrainMaxNorm(model.parameters(), 0.5) }),
  }),
};

/** Linear(20, units) with two weights a unit: one that the first four features share, one for the other sixteen. */
class SharedByGroups extends nn.Module {
  readonly groups: nn.Linear;

  constructor(units: number) {
    super();
    this.groups = new nn.Linear(2, units);
  }

  override forward(x: Tensor): Tensor {
    const [first, others] = this.groups.weight.split(1, 1) as [Tensor, Tensor];
    const weight = concat([first.repeat(4, 1), others.repeat(16, 1)], 1);
    return x.matmul(weight.T).add(this.groups.bias!);
  }
}

/** The order of the first four features says nothing, nor that of the others: each exchange is a new example. */
function exchanged({ x, y }: Fields, { epoch, indices }: BatchInfo): Fields {
  const data = x.data.slice();
  indices.forEach((index, row) => {
    const generator = new Generator(16, 1000 * epoch + 2 * index);
    const order = [...generator.permutation(4), ...generator.permutation(16).map((i) => i + 4)];
    order.forEach((from, to) => (data[20 * row + to] = x.data[20 * row + from]!));
  });
  return { x: { ...x, data }, y };
}

export async function regularisation(seed = 0): Promise<Result> {
  const { train, validation } = overfittingSet(seed);
  // Early stopping looks at one half, and all are judged on the other.
  const [watched, judging] = randomSplit(validation, [500, 500], { seed });
  const losses: Record<string, number> = {};
  const histories: Record<string, History> = {};
  for (const [name, way] of Object.entries(ways)) {
    random.seed(seed); // the same initial weights for all
    const { model = plain(), optimizer = new Adam({ lr: 0.01 }), penalty, callback, map } = way();
    const parameters = model.parameters();
    const batches = new DataLoader(train, { batchSize: 20, shuffle: true, seed, ...(map ? { map } : {}) });
    histories[name] = await fit(model, batches, {
      loss: (z, t) => (penalty ? nn.crossEntropy(z, t).add(penalty(parameters)) : nn.crossEntropy(z, t)),
      optimizer,
      epochs: 100,
      validation: watched!,
      callbacks: callback ? [callback(model)] : [],
    });
    losses[name] = (await evaluate(model, judging!, { loss: nn.crossEntropy })).loss;
  }
  const [alone, ...held] = Object.entries(losses);
  return judged({
    checks: [
      ...held.map(([name, loss]) =>
        atMost(`${name}: validation loss, below that of the net left alone`, loss, alone![1]),
      ),
      atMost(
        "tied weights: difference of their gradient from the sum over both uses",
        await tiedError(),
        1e-12,
      ),
    ],
    notes: [{ name: "validation loss of the net left alone", value: alone![1] }],
    figures: [
      barChart(
        Object.entries(losses).map(([label, value], i) => ({
          label,
          value,
          ...(i === 0 ? { color: palette[1]! } : {}),
        })),
        {
          title: "What each regulariser is worth",
          subtitle: "20-64-2 ReLU net, 60 training examples of 20 features, every tenth label wrong",
          value: { label: "cross-entropy on 500 held-out examples (nats)" },
        },
      ),
      lossCurves(
        Object.fromEntries(
          ["left alone", "weight decay (L2) 1", "dropout 0.2 and 0.5"].map((name) => [
            name,
            histories[name]!,
          ]),
        ),
        { title: "Learning by heart, and held back", y: { label: "cross-entropy (nats)", domain: [0, 1.4] } },
      ),
    ],
  });
}

/** One weight used by two layers against two equal weights used by one each. */
async function tiedError(): Promise<number> {
  const options = { dtype: "float64", generator: new Generator(16) } as const;
  const first = new nn.Linear(5, 5, options);
  const tied = new nn.Linear(5, 5, { ...options, weight: first.weight });
  const copy = new nn.Linear(5, 5, options);
  copy.loadStateDict(tied.stateDict());
  const x = random.normal([8, 5], options).detach();
  const loss = (second: nn.Linear) => second.forward(first.forward(x).tanh()).square().mean();
  const [together] = loss(tied).gradient(first.weight);
  const [inFirst, inSecond] = loss(copy).gradient(first.weight, copy.weight);
  return together!.sub(inFirst!.add(inSecond!)).abs().max().item();
}
