import { compile, type Dtype, gradient, realize, type Tensor, Variable } from "@chainrule/core";
import { leakCheck } from "../leak-check.ts";
import { type ConformanceCase, scenario } from "./case.ts";
import { floats, random, tensorOf } from "./inputs.ts";

/** What is made is given back: each case leaves the backend with as many buffers as it found. */
export function lifetimeCases(): ConformanceCase[] {
  return floats.flatMap((dtype) => [
    scenario("memory", dtype, "disposed tensors", () =>
      leakCheck(async () => {
        using x = tensorOf(random(1, [64], dtype), dtype);
        using y = x.exp();
        await realize(x, y);
        using z = y.sum();
        await z.item();
      }),
    ),
    scenario("memory", dtype, "dropped variables", (name) =>
      leakCheckWhereCollected(name, () => step(dtype, false)),
    ),
    scenario("memory", dtype, "dropped captured step", (name) =>
      leakCheckWhereCollected(name, () => step(dtype, true)),
    ),
  ]);
}

/** Garbage is only sure to be collected where the host lets it be forced. */
async function leakCheckWhereCollected(name: string, fn: () => Promise<void>): Promise<void> {
  if (!("gc" in globalThis)) {
    await fn();
    return;
  }
  try {
    // The first run fills caches of plans, which outlive it on purpose.
    await fn();
    await leakCheck(fn);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function step(dtype: Dtype, capture: boolean): Promise<void> {
  const weight = new Variable(tensorOf(random(2, [8, 4], dtype), dtype));
  const update = (x: Tensor): Tensor => {
    const loss = x.matmul(weight).square().mean();
    const [g] = gradient(loss, [weight]);
    weight.assign(weight.sub(g!.mul(0.1)));
    return loss;
  };
  const run = capture ? compile(update) : update;
  for (let i = 0; i < 3; i++) {
    const loss = run(tensorOf(random(i, [5, 8], dtype), dtype));
    await realize(loss, weight);
    await loss.item();
  }
}
