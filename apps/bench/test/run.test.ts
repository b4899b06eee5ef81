import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Launch } from "../src/lane.ts";
import type { ImplementationName } from "../src/names.ts";
import { WorkerLost, WorkerProcess } from "../src/process/worker-process.ts";
import { isWrong } from "../src/row.ts";
import { run } from "../src/run.ts";
import { runRepeated } from "../src/run-repeated.ts";
import { Lane } from "../src/lane.ts";
import type { TimingSettings } from "../src/timing.ts";

const timing: TimingSettings = {
  warmUp: 1,
  repetition: 1,
  repetitions: 3,
  budget: 100,
  leastRepetitions: 1,
  patience: 100,
};
const source = (path: string): string => join(import.meta.dirname, path);
const fake = (behaviour: string) => ({
  file: process.execPath,
  args: [source("fake-worker.ts"), behaviour],
});
const product = { name: "16 NN", work: { kind: "product", n: 16, form: "NN" } } as const;

/** Lanes of fake workers, each with a behaviour of its own. */
const lanes = (behaviours: Partial<Record<ImplementationName, string>>): Lane[] =>
  Object.entries(behaviours).map(
    ([name, behaviour]) => new Lane(name as ImplementationName, 1, () => fake(behaviour)),
  );

async function measure(behaviours: Partial<Record<ImplementationName, string>>) {
  const opened = lanes(behaviours);
  try {
    return await runRepeated("matmul", product, opened, timing);
  } finally {
    await Promise.all(opened.map((lane) => lane.close()));
  }
}

describe("a worker process", () => {
  test("answers, and what it prints besides is no answer", async () => {
    const worker = new WorkerProcess(fake("talkative"));
    const opened = await worker.ask({ command: "open", threads: 2 });
    expect(opened).toEqual({ version: "1.0.0", mode: "fake", threads: 2 });
    await worker.close();
    expect(worker.alive).toBe(false);
  });

  test("an error is the worker's, and the next request is answered", async () => {
    const worker = new WorkerProcess(fake("broken"));
    await expect(worker.ask({ command: "open", threads: 1 })).rejects.toThrow("no such framework");
    await expect(worker.ask({ command: "run", times: 2 })).resolves.toEqual({ milliseconds: 2 });
    await worker.close();
  });

  test("one that ends says how, and asking it again says the same", async () => {
    const worker = new WorkerProcess(fake("dying"));
    await expect(worker.ask({ command: "run", times: 1 })).rejects.toThrow("ended with exit code 3");
    await expect(worker.ask({ command: "run", times: 1 })).rejects.toThrow(WorkerLost);
    await worker.close();
  });

  test("one that does not answer is killed", async () => {
    const worker = new WorkerProcess(fake("silent"));
    await worker.ask({ command: "open", threads: 1 });
    const asked = worker.ask({ command: "prepare", work: product.work }, 200);
    await expect(asked).rejects.toThrow("no answer within 0.2 s");
    expect(worker.alive).toBe(false);
    await worker.close();
  });

  test("one that cannot be started says so", async () => {
    const worker = new WorkerProcess({ file: source("no-such-program"), args: [] });
    await expect(worker.ask({ command: "open", threads: 1 })).rejects.toThrow("ENOENT");
    await worker.close();
  });
});

describe("a bench", () => {
  test("times those that are right, and only those", async () => {
    const { rows, remarks } = await measure({ "tfjs-cpu": "right", "tfjs-wasm": "wrong", torch: "slow" });
    expect(rows).toEqual([
      {
        bench: "matmul",
        case: "16 NN",
        impl: "tfjs-cpu",
        threads: 1,
        medianMs: 1,
        minMs: 1,
        gflops: 8.192e-3,
        valid: true,
        repetitions: 3,
      },
      {
        bench: "matmul",
        case: "16 NN",
        impl: "tfjs-wasm",
        threads: 1,
        medianMs: null,
        minMs: null,
        gflops: null,
        valid: false,
        repetitions: 0,
      },
      {
        bench: "matmul",
        case: "16 NN",
        impl: "torch",
        threads: 1,
        medianMs: 2,
        minMs: 2,
        gflops: 4.096e-3,
        valid: true,
        repetitions: 3,
      },
    ]);
    expect(rows.map(isWrong)).toEqual([false, true, false]);
    expect(remarks).toHaveLength(1);
    expect(remarks[0]).toMatch(/tfjs-wasm is WRONG: element 1 is/);
  });

  test("goes on where one is lost: a row with the reason, and no wrong result", async () => {
    const { rows, remarks } = await measure({ "tfjs-cpu": "dying", torch: "right" });
    expect(rows).toMatchObject([
      { impl: "tfjs-cpu", medianMs: null, valid: false, repetitions: 0 },
      { impl: "torch", medianMs: 1, valid: true },
    ]);
    expect(rows[0]!.reason).toContain("ended with exit code 3");
    expect(rows.map(isWrong)).toEqual([false, false]);
    expect(remarks[0]).toContain("tfjs-cpu cannot: ended with exit code 3");
  });
});

describe("a run", () => {
  test("an implementation that does not start is skipped with the reason", async () => {
    const launch: Launch = (name) => {
      if (name === "chainrule-gpu") throw new Error("there is none");
      return fake(name === "chainrule-wasm" ? "broken" : "right");
    };
    const settings = {
      benches: ["size"],
      implementations: ["chainrule-cpu", "chainrule-wasm", "chainrule-gpu"],
      threads: [1, 2],
      quick: true,
    } as const;
    const { report, skipped } = await run(settings, { log: () => {}, launch });
    expect(skipped).toEqual([
      { impl: "chainrule-wasm", reason: "no such framework" },
      { impl: "chainrule-gpu", reason: "there is none" },
    ]);
    expect(report.versions).toEqual({ "chainrule-cpu": "1.0.0 (fake)" });
  });

  test("chainrule-cpu trains the tiny network, from the command line's settings to the report", async () => {
    const settings = {
      benches: ["tiny-step"],
      implementations: ["chainrule-cpu"],
      threads: [1],
      quick: true,
    } as const;
    const { report, skipped, remarks } = await run(settings, { log: () => {}, timing });
    expect([skipped, remarks]).toEqual([[], []]);
    expect(Object.keys(report)).toEqual(["machine", "versions", "rows"]);
    expect(report.rows).toHaveLength(1);
    const [row] = report.rows;
    expect(Object.keys(row!)).toEqual([
      "bench",
      "case",
      "impl",
      "threads",
      "medianMs",
      "minMs",
      "gflops",
      "valid",
      "repetitions",
    ]);
    expect(row).toMatchObject({ bench: "tiny-step", impl: "chainrule-cpu", threads: 1, valid: true });
    expect(row!.minMs).toBeLessThanOrEqual(row!.medianMs!);
  });
});
