import { findChromium, type Page } from "@chainrule-tools/chromium";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, startSession, type Session } from "./browser/session.ts";
import { worst } from "./run.ts";

const chromium = findChromium();
const isCi = process.env.CI === "true";

it.runIf(isCi)("there is a Chromium where tests must run", () => {
  expect(chromium, "install chromium: these tests may not be skipped here").not.toBeNull();
});

const backend = "gpu webgpu";

describe.skipIf(chromium === null)("WebGPU in Chromium", { timeout: 240_000 }, () => {
  let session: Session;
  let page: Page;

  beforeAll(async () => {
    session = await startSession(chromium!);
    page = await session.open(true);
  }, 60_000);

  afterAll(() => session?.close());

  it("passes the conformance suite", async () => {
    const report = await call(page, "runSuite", backend, isCi ? 1 : 6);
    console.log(report.table);
    expect(report.failures).toEqual([]);
    expect(report.mode).toBe("webgpu (software)");
    expect(report.passed).toBeGreaterThan(isCi ? 1300 : 250);
  });

  it("trains as cpu does, also when training moves there and away", async () => {
    const options = { examples: 320, epochs: 2, test: 200, dropout: 0.2 };
    const cpu = await call(page, "train", { ...options, backend: "cpu" });
    const gpu = await call(page, "train", { ...options, backend });
    const moved = await call(page, "train", { ...options, backend: "cpu", swaps: { 3: backend, 7: "gpu" } });
    expect(gpu.mode).toBe("webgpu (software)");
    expect(gpu.adapter).toMatch(/swiftshader/i);
    expect(cpu.losses).toHaveLength(10);
    expect(worst(gpu.losses, cpu.losses)).toBeLessThan(1e-3);
    expect(worst(moved.losses, cpu.losses)).toBeLessThan(1e-3);
    expect(Math.abs(gpu.accuracy! - cpu.accuracy!)).toBeLessThanOrEqual(0.005);
  });

  it("a steady state compiles nothing, reads nothing and holds no more buffers", async () => {
    const [few, many] = await call(page, "steadyState", backend, 10, 1000);
    expect(many).toEqual(few);
  });

  it("a step of fit that logs no loss reads nothing back", async () => {
    const { bytes, losses } = await call(page, "bytesOfSteps", backend);
    expect(bytes.map((read) => read > 0)).toEqual(bytes.map((_, i) => i % 5 === 4));
    expect(losses.filter(Number.isFinite)).toHaveLength(4);
  });

  it("kernels read any number of tensors, of any size that the device holds", async () => {
    const { manyInputs, large, tooLarge } = await call(page, "sizes", backend);
    expect(manyInputs).toBe(0);
    expect(large).toBe(0);
    expect(tooLarge).toMatch(/^BackendError: .*holds at most \d+ elements/);
  });

  it("keeping no buffers for reuse changes nothing", async () => {
    const { kept, none } = await call(page, "withoutReuse", "webgpu");
    expect(none).toEqual(kept);
    expect(new Set(kept).size).toBe(6);
  });

  it("two models on one device do not meet", async () => {
    const { apart, together } = await call(page, "twoModels", backend);
    expect(together).toEqual(apart);
    expect(new Set(apart).size).toBe(2);
  });

  it("reading without waiting is an error that says how to wait", async () => {
    expect(await call(page, "readAtOnce", backend)).toMatch(
      /^BackendError: .*cannot be read synchronously; use "await t\.data\(\)"/,
    );
  });

  it("a lost device is an error at once, and training goes on from a checkpoint on another", async () => {
    const { whileLost, onceRestored, expected, resumed } = await call(page, "loseContext", "webgpu");
    for (const message of [...whileLost, ...onceRestored])
      expect(message).toMatch(/^BackendError: .*context was lost/);
    expect(resumed).toEqual(expected);
  });

  it("work that the device refuses is an error where it is read, and no zeros", async () => {
    expect(await call(page, "refusedWork")).toMatch(/^BackendError: the GPU refused its work: .*destroyed/);
  });

  it("two devices do not mix", async () => {
    expect(await call(page, "twoContexts", "webgpu")).toMatch(/^BackendError: .*two GPU contexts/);
  });
});
