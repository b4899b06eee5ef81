import { cpu } from "@chainrule/backend-cpu";
import {
  compile,
  hostValue,
  random,
  realize,
  registerBackend,
  type Tensor,
  tensor,
  Variable,
  withBackend,
  zeros,
} from "@chainrule/core";
import { randomValues } from "@chainrule/testkit";
import { beforeAll, describe, expect, it } from "vitest";
import { bitsOf, narrowPlugin, planPlugin } from "./support.ts";

beforeAll(() => {
  registerBackend(cpu);
  registerBackend(planPlugin("planned"));
  registerBackend(narrowPlugin("narrow"));
});

/** A step with the variables that it works on. */
interface World {
  readonly step: (x: Tensor) => readonly Tensor[];
  readonly variables: readonly Variable[];
}

const calls = 4;
const argument = (i: number): Tensor => tensor(Float32Array.from(randomValues(i, 6)), { shape: [2, 3] });
const variable = (seed: number, ...shape: number[]): Variable => {
  const count = shape.reduce((a, b) => a * b, 1);
  return new Variable(tensor(Float32Array.from(randomValues(seed, count)), { shape }));
};

/** All that can be seen of a world while it is stepped: results, and the variables after each step. */
async function seen({ step, variables }: World): Promise<string[][]> {
  const log: string[][] = [];
  for (let i = 0; i < calls; i++) {
    const results = [...step(argument(i))];
    await realize(...results, ...variables);
    log.push(await Promise.all([...results, ...variables].map(bitsOf)));
  }
  return log;
}

/** Holds a captured step to the uncaptured one, bit for bit, whatever way the backend runs it. */
async function expectSame(make: () => World): Promise<void> {
  const expected = await seen(make());
  const captured = (): World => {
    const { step, variables } = make();
    return { step: compile(step), variables };
  };
  expect(await seen(captured())).toEqual(expected);
  for (const backend of ["planned", "narrow"]) {
    await withBackend(backend, async () => expect(await seen(captured())).toEqual(expected));
  }
}

describe("a captured step means what the plain one means, when it", () => {
  const cases: Record<string, () => World> = {
    "reads and assigns": () => {
      const w = variable(1, 2, 3);
      return { variables: [w], step: (x) => (w.assign(w.mul(0.5).add(x)), [w.sum()]) };
    },
    "only reads": () => {
      const w = variable(1, 3, 2);
      return { variables: [w], step: (x) => [x.matmul(w)] };
    },
    "assigns without reading": () => {
      const w = variable(1, 2, 3);
      return { variables: [w], step: (x) => (w.assign(x.exp()), []) };
    },
    "assigns twice": () => {
      const w = variable(1, 2, 3);
      const step = (x: Tensor): Tensor[] => {
        w.assign(w.add(x));
        const between = w.sum();
        w.assign(w.mul(w));
        return [between, w.sum()];
      };
      return { variables: [w], step };
    },
    "swaps two variables": () => {
      const [a, b] = [variable(1, 2, 3), variable(2, 2, 3)];
      const step = (): Tensor[] => {
        const before = a.mul(1);
        a.assign(b);
        b.assign(before);
        return [];
      };
      return { variables: [a, b], step };
    },
    "rotates three, each changed": () => {
      const [a, b, c] = [variable(1, 2, 2), variable(2, 2, 2), variable(3, 2, 2)];
      const step = (): Tensor[] => {
        const [x, y, z] = [a.add(1), b.T, c.matmul(a)];
        a.assign(y);
        b.assign(z);
        c.assign(x);
        return [];
      };
      return { variables: [a, b, c], step };
    },
    "updates by a view of the old value": () => {
      const w = variable(1, 3, 3);
      return { variables: [w], step: () => (w.assign(w.T.flip(0).add(w)), []) };
    },
    "updates by a product with the old value": () => {
      const w = variable(1, 3, 3);
      return { variables: [w], step: () => (w.assign(w.matmul(w).tanh().add(w)), []) };
    },
    "updates one variable by another's view, and that one in place": () => {
      const [a, b] = [variable(1, 3, 3), variable(2, 3, 3)];
      const step = (): Tensor[] => {
        const [next, other] = [a.mul(0.9).add(b), b.sub(a.T)];
        a.assign(next);
        b.assign(other);
        return [];
      };
      return { variables: [a, b], step };
    },
    "uses the old value after the update": () => {
      const w = variable(1, 2, 3);
      const step = (x: Tensor): Tensor[] => {
        const old = w.mul(1);
        w.assign(w.add(x));
        return [old.sum(), old.flip(0), w.sub(old)];
      };
      return { variables: [w], step };
    },
    "returns the variable itself": () => {
      const w = variable(1, 2, 3);
      return { variables: [w], step: (x) => (w.assign(w.sub(x)), [w.mul(1), w.mul(1)]) };
    },
    "gives a variable another's value": () => {
      const [a, b] = [variable(1, 2, 3), variable(2, 2, 3)];
      return { variables: [a, b], step: (x) => (a.assign(b), b.assign(b.add(x)), []) };
    },
    "sets a variable and restores it": () => {
      const w = variable(1, 2, 3);
      const step = (x: Tensor): Tensor[] => {
        const before = w.stopGradient();
        w.assign(x);
        const y = w.exp();
        w.assign(before);
        return [y];
      };
      return { variables: [w], step };
    },
    "differentiates, and differentiates that": () => {
      const w = variable(1, 3, 2);
      const step = (x: Tensor): Tensor[] => {
        const loss = x.matmul(w).tanh().square().sum();
        const [g] = loss.gradient(w);
        const [h] = g!.square().sum().gradient(w);
        w.assign(w.sub(g!.add(h!.mul(0.1)).mul(0.01)));
        return [loss, h!];
      };
      return { variables: [w], step };
    },
    "draws random numbers": () => {
      random.seed(3);
      const w = variable(1, 2, 3);
      return { variables: [w], step: (x) => (w.assign(random.normal([2, 3]).add(x)), [random.uniform([4])]) };
    },
    "scatters into a variable": () => {
      const w = variable(1, 2, 3);
      const indices = tensor(Int32Array.of(1, 1, 0, 2, 0, 0), { shape: [2, 3] });
      return { variables: [w], step: (x) => (w.assign(w.scatterAdd(indices, x, 1)), []) };
    },
    "updates variables without elements and without axes": () => {
      const [none, one] = [variable(1, 0, 3), variable(2)];
      return {
        variables: [none, one],
        step: (x) => (none.assign(none.add(1)), one.assign(one.add(x.sum())), []),
      };
    },
  };
  for (const [name, make] of Object.entries(cases)) it(name, () => expectSame(make));

  it("trains for fifty steps", async () => {
    const train = (capture: boolean): Promise<string[]> => {
      const [w, b] = [variable(1, 4, 3), new Variable(zeros([4]))];
      const momentum = [new Variable(zeros([4, 3])), new Variable(zeros([4]))];
      let t = 0;
      const rate = (): Tensor => hostValue(() => 0.1 / ++t);
      const plain = (x: Tensor): Tensor => {
        const loss = x.matmul(w.T).add(b).softmax().square().sum().neg();
        const lr = rate();
        loss.gradient(w, b).forEach((g, i) => {
          const m = momentum[i]!.mul(0.9).add(g);
          momentum[i]!.assign(m);
          [w, b][i]!.assign([w, b][i]!.sub(m.mul(lr)));
        });
        return loss;
      };
      const step = capture ? compile(plain) : plain;
      return (async () => {
        const losses: Tensor[] = [];
        for (let i = 0; i < 50; i++) {
          losses.push(step(argument(i)));
          if (!capture) await realize(losses.at(-1)!, w, b, ...momentum);
        }
        return Promise.all([...losses, w, b, ...momentum].map(bitsOf));
      })();
    };
    expect(await train(true)).toEqual(await train(false));
  });
});
