import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../src/report.ts";
import { mnist, type Result } from "./helpers.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "chainrule-mnist-swap-"));
});

afterAll(() => rm(folder, { recursive: true }));

/** A short run and the mean loss of its one epoch. */
async function run(...args: string[]): Promise<Result & { loss: number }> {
  const result = await mnist(folder, "--epochs", "1", "--limit", "1280", "--json", "report.json", ...args);
  expect(result.code, result.stderr).toBe(0);
  const report = JSON.parse(await readFile(join(folder, "report.json"), "utf8")) as Report;
  return { ...result, loss: report.epochs[0]!.trainLoss };
}

describe("backends on the command line", { timeout: 60_000 }, () => {
  it("moves in the middle of training and learns the same", async () => {
    const cpu = await run("--backend", "cpu");
    const swaps = ["6:wasm", "11:gpu", "16:cpu"].flatMap((swap) => ["--swap-at", swap]);
    const moved = await run("--backend", "cpu", ...swaps);
    expect(moved.stdout).toMatch(
      /step 6: moved to wasm \(.+\)[^]*step 11: moved to gpu \(webasm\)[^]*step 16: moved to cpu/,
    );
    expect(Math.abs(moved.loss - cpu.loss)).toBeLessThan(1e-3 * cpu.loss);
  });

  it("says what runs where there is no GPU", async () => {
    const { stdout } = await run("--backend", "gpu");
    expect(stdout).toMatch(/no GPU here \(.+\): its kernels run in WebAssembly/);
    expect(stdout).toMatch(/backend gpu · webasm/);
  });

  it("refuses to move to what is not there, before it trains", async () => {
    const { code, stdout, stderr } = await mnist(folder, "--swap-at", "2:abacus");
    expect(code).toBe(2);
    expect(stderr).toMatch(/backend "abacus" is not registered/);
    expect(stdout).not.toMatch(/epoch/);
  });
});
