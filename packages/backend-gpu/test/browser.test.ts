import { findChromium, type Page } from "@chainrule-tools/chromium";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, startSession, type Session } from "./browser/session.ts";
import { netNames, netTolerance } from "./nets.ts";
import { worst } from "./run.ts";

const chromium = findChromium();
const isCi = process.env.CI === "true";

if (chromium === null)
  console.warn("backend-gpu: no Chromium on the PATH: the tests in a browser are skipped");

it.runIf(isCi)("there is a Chromium where tests must run", () => {
  expect(chromium, "install chromium: these tests may not be skipped here").not.toBeNull();
});

/** All cases where time is no object, else a part of them. */
const stride = isCi ? 1 : 6;

describe.skipIf(chromium === null)("in Chromium", { timeout: 240_000 }, () => {
  let session: Session;
  let isolated: Page;
  let notIsolated: Page;

  beforeAll(async () => {
    session = await startSession(chromium!);
    isolated = await session.open(true);
    notIsolated = await session.open(false);
  }, 60_000);

  afterAll(() => session?.close());

  it("the page is isolated, or not, as asked", async () => {
    expect(await isolated.evaluate("crossOriginIsolated")).toBe(true);
    expect(await notIsolated.evaluate("crossOriginIsolated")).toBe(false);
  });

  it("webgl2 passes the conformance suite", async () => {
    const report = await call(isolated, "runSuite", "gpu", stride);
    console.log(report.table);
    expect(report.failures).toEqual([]);
    // The flags ask for the software adapter, and the backend must not pass that off as a GPU.
    expect(report.mode).toBe("webgl2 (software)");
    expect(report.passed).toBeGreaterThan(250);
  });

  it.each([
    { backend: "cpu", isIsolated: true, mode: /^codegen/ },
    { backend: "wasm", isIsolated: true, mode: /SIMD, [2-4] threads$/ },
    { backend: "wasm", isIsolated: false, mode: /SIMD, 1 thread \(this page is not cross-origin isolated/ },
  ])("$backend passes it (isolated: $isIsolated)", async ({ backend, isIsolated, mode }) => {
    const report = await call(isIsolated ? isolated : notIsolated, "runSuite", backend, stride);
    expect(report.failures).toEqual([]);
    expect(report.mode).toMatch(mode);
    expect(report.passed).toBeGreaterThan(isCi ? 2000 : 300);
    expect(report.skipped).toBe(0);
  });

  it("training on webgl2 and wasm, and moving between backends, gives the losses of cpu", async () => {
    const options = { examples: 640, epochs: 2, test: 500, dropout: 0.2 };
    const cpu = await call(isolated, "train", { ...options, backend: "cpu" });
    const gpu = await call(isolated, "train", { ...options, backend: "gpu" });
    const swaps = { 4: "wasm", 8: "gpu", 14: "cpu" };
    const moved = await call(isolated, "train", { ...options, backend: "cpu", swaps });
    const threaded = await call(isolated, "train", { ...options, backend: "wasm" });
    const alone = await call(notIsolated, "train", { ...options, backend: "wasm" });
    expect(gpu.mode).toBe("webgl2 (software)");
    expect(cpu.losses).toHaveLength(20);
    expect(worst(gpu.losses, cpu.losses)).toBeLessThan(1e-3);
    expect(worst(moved.losses, cpu.losses)).toBeLessThan(1e-3);
    expect(worst(threaded.losses, cpu.losses)).toBeLessThan(1e-3);
    expect(alone.losses).toEqual(threaded.losses);
    expect(alone.accuracy).toBe(threaded.accuracy);
    expect(Math.abs(gpu.accuracy! - cpu.accuracy!)).toBeLessThanOrEqual(0.005);
  });

  it.each(netNames)(
    "%s trains on webgl2 as on cpu, and to the same bits with one thread of wasm and more",
    async (name) => {
      const cpu = await call(isolated, "trainNet", name, { backend: "cpu" });
      const gpu = await call(isolated, "trainNet", name, { backend: "gpu" });
      const swaps = { 6: "gpu", 16: "wasm" };
      const moved = await call(isolated, "trainNet", name, { backend: "wasm", swaps });
      const threaded = await call(isolated, "trainNet", name, { backend: "wasm" });
      const alone = await call(notIsolated, "trainNet", name, { backend: "wasm" });
      expect(gpu.mode).toBe("webgl2 (software)");
      expect(cpu.losses).toHaveLength(20);
      expect(worst(gpu.losses, cpu.losses)).toBeLessThan(netTolerance);
      expect(worst(moved.losses, cpu.losses)).toBeLessThan(netTolerance);
      expect(alone).toEqual({ ...threaded, mode: alone.mode });
    },
  );

  it("a steady state compiles nothing, reads nothing and holds no more textures", async () => {
    const [few, many] = await call(isolated, "steadyState", "gpu", 10, 1000);
    expect(many!.compiled).toBe(few!.compiled);
    expect(many!.bytesRead).toBe(few!.bytesRead);
    expect(many!.textures).toBe(few!.textures);
  });

  it("a step of fit that logs no loss reads nothing back", async () => {
    const { bytes, losses } = await call(isolated, "bytesOfSteps", "gpu");
    expect(bytes).toHaveLength(20);
    for (const [i, read] of bytes.entries()) {
      if (i % 5 === 4) expect(read, `step ${i + 1}`).toBeGreaterThan(0);
      else expect(read, `step ${i + 1}`).toBe(0);
    }
    expect(losses.every(Number.isFinite)).toBe(true);
  });

  it("kernels read any number of tensors, of any size that the device holds", async () => {
    const { manyInputs, large, tooLarge } = await call(isolated, "sizes", "gpu");
    expect(manyInputs).toBe(0);
    expect(large).toBe(0);
    expect(tooLarge).toMatch(/^BackendError: .*holds at most \d+ elements/);
  });

  it("keeping no textures for reuse changes nothing", async () => {
    const { kept, none } = await call(isolated, "withoutReuse", "webgl2");
    expect(none).toEqual(kept);
    expect(new Set(kept).size).toBe(6);
  });

  it("two models on one device do not meet", async () => {
    const { apart, together } = await call(isolated, "twoModels", "gpu");
    expect(together).toEqual(apart);
    expect(new Set(apart).size).toBe(2);
  });

  it("a hundred models leave no texture", async () => {
    const { before, after, textures } = await call(isolated, "manyModels", "gpu", 100);
    // The last model may still be on the stack.
    expect(after).toBeLessThanOrEqual(before + 8);
    expect(textures.at(-1)).toBeLessThanOrEqual(textures[19]!);
  });

  it("a lost context is an error at once, and training goes on from a checkpoint once it is back", async () => {
    const { whileLost, onceRestored, expected, resumed } = await call(isolated, "loseContext", "webgl2");
    for (const message of [...whileLost, ...onceRestored])
      expect(message).toMatch(/^BackendError: .*context was lost/);
    expect(resumed).toEqual(expected);
  });

  it("a context that is lost during fit ends it, and it goes on from the last epoch's end", async () => {
    const { message, steps, expected, resumed } = await call(isolated, "loseContextInFit");
    expect(message).toMatch(/^BackendError: .*context was lost/);
    expect(steps).toBe(6);
    expect(resumed).toEqual(expected);
  });

  it("a hidden page waits for the device without timers, which are slow there", async () => {
    const { shown, hidden } = await call(isolated, "readWhileHidden", "gpu");
    expect(shown.timers).toBeGreaterThan(0);
    expect(hidden).toEqual({ timers: 0, sums: shown.sums });
  });

  it("two contexts do not mix", async () => {
    expect(await call(isolated, "twoContexts", "webgl2")).toMatch(/^BackendError: .*two GPU contexts/);
  });
});
