import { cpu } from "@chainrule/backend-cpu";
import {
  BackendError,
  compile,
  gradient,
  listBackends,
  registerBackend,
  setBackend,
  tensor,
  type Tensor,
  Variable,
} from "@chainrule/core";
import { beforeAll, describe, expect, it } from "vitest";
import { conformanceCases, randomValues, runConformance } from "../src/index.ts";
import { plugin } from "./third-party.ts";

beforeAll(async () => {
  registerBackend(cpu);
  registerBackend(plugin);
  await setBackend("cpu");
});

describe("a backend written against the contract alone", { timeout: 120_000 }, () => {
  it("plugs in by name", async () => {
    expect(await listBackends()).toContainEqual({ name: "naive", available: true });
    expect((await setBackend("naive")).mode).toBe("one element after another");
    expect(await tensor([1, 2]).add(1).toArray()).toEqual([2, 3]);
    expect(() => tensor([1]).add(1).itemSync()).toThrow(BackendError);
    await setBackend("cpu");
  });

  it("passes what of the suite it offers", async () => {
    const offered = [
      "matmul",
      "sum",
      "max",
      "gather",
      "scatterAdd",
      "add",
      "where",
      "tanh",
      "chain",
      "assign",
    ];
    const cases = conformanceCases.filter(
      ({ name, op, dtype }) =>
        offered.includes(op) && dtype === "float32" && !/large|index -?\d|edges|long/.test(name),
    );
    const results = await runConformance("naive", { cases });
    expect(results.filter(({ status }) => status !== "passed").map(({ reason }) => reason)).toEqual([]);
    expect(results.length).toBeGreaterThan(100);
  });

  it("takes over in the middle of training, and hands back", async () => {
    const train = async (moves: Readonly<Record<number, string>>): Promise<number[]> => {
      await setBackend("cpu");
      const weight = new Variable(tensor(Float32Array.from(randomValues(1, 12, -1, 1)), { shape: [4, 3] }));
      const step = compile((x: Tensor, y: Tensor) => {
        const loss = x.matmul(weight).tanh().sub(y).square().mean();
        const [slope] = gradient(loss, [weight]);
        weight.assign(weight.sub(slope!.mul(0.3)));
        return loss;
      });
      const losses: number[] = [];
      for (let i = 0; i < 12; i++) {
        const backend = moves[i];
        if (backend !== undefined) {
          await setBackend(backend);
          await weight.moveTo(backend);
        }
        const x = tensor(Float32Array.from(randomValues(2 + i, 20, -1, 1)), { shape: [5, 4] });
        const y = tensor(Float32Array.from(randomValues(90 + i, 15, -1, 1)), { shape: [5, 3] });
        losses.push(await step(x, y).item());
      }
      return losses;
    };
    const stayed = await train({});
    const moved = await train({ 4: "naive", 9: "cpu" });
    stayed.forEach((loss, i) => expect(Math.abs(moved[i]! - loss)).toBeLessThan(1e-6 * loss));
  });
});
