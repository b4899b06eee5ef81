import { findChromium } from "@chainrule-tools/chromium";
import { afterEach, describe, expect, test, vi } from "vitest";
import { launcher } from "../src/lane.ts";
import { run } from "../src/run.ts";

const chromium = findChromium();
const isCi = process.env["CI"] === "true";

if (chromium === null) console.warn("bench: no Chromium on the PATH: the test in a browser is skipped");

test.runIf(isCi)("there is a Chromium where tests must run", () => {
  expect(chromium, "install chromium: this test may not be skipped here").not.toBeNull();
});

describe("chainrule-gpu", () => {
  afterEach(() => void vi.unstubAllEnvs());

  test("without a browser there is a reason", () => {
    vi.stubEnv("PATH", "");
    const launch = launcher({ reason: "not asked for" }, "", false);
    expect(() => launch("chainrule-gpu")).toThrow("there is no Chromium on the PATH");
  });

  test.skipIf(chromium === null)(
    "trains in Chromium, its results are checked, and the adapter in software has its name",
    { timeout: 120_000 },
    async () => {
      const { report, skipped, remarks } = await run(
        {
          benches: ["tiny-step", "startup"],
          implementations: ["chainrule-gpu"],
          threads: [1],
          quick: true,
        },
        {
          log: () => {},
          timing: {
            warmUp: 1,
            repetition: 1,
            repetitions: 2,
            budget: 100,
            leastRepetitions: 1,
            patience: 1000,
          },
        },
      );
      expect([skipped, remarks]).toEqual([[], []]);
      expect(report.versions["chainrule-gpu"]).toMatch(
        /webgl2 \(software\) on .*SwiftShader.*, Chromium \d+/,
      );
      expect(report.rows).toMatchObject([{ bench: "tiny-step", impl: "chainrule-gpu", valid: true }]);
      expect(report.rows[0]!.medianMs).toBeGreaterThan(0);
    },
  );
});
