// Trains the digit classifier on `cpu`, `wasm`, `webgl2` and `webgpu` in Chromium, 2 epochs of 10,000 digits, and times
// products: `node packages/backend-gpu/bench/browser.ts [digits] [--gpu]`. A software adapter is asked for unless --gpu
// is given.
import { findChromium, launch } from "@chainrule-tools/chromium";
import type { Checks } from "../test/browser/page.ts";
import { serve } from "../test/browser/server.ts";

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const [count = "10000"] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const executable = findChromium();
if (executable === null) throw new Error("there is no Chromium on the PATH");
const server = await serve();
const browser = await launch(executable, { hardware: process.argv.includes("--gpu") });
try {
  const page = await browser.newPage();
  await page.goto(server.url(true));
  await page.waitForFunction("globalThis.checks !== undefined");
  const call = async <Name extends keyof Checks>(
    name: Name,
    ...args: Parameters<Checks[Name]>
  ): Promise<Awaited<ReturnType<Checks[Name]>>> => {
    const result: unknown = await page.evaluate(`checks.${name}(...${JSON.stringify(args)})`);
    return result as Awaited<ReturnType<Checks[Name]>>;
  };
  for (const size of [256, 512]) {
    const { ours, bare } = await call("timeProducts", size, 8, 3);
    print(`product ${size}³: ${ours.toFixed(1)} ms, a bare kernel of gpu.js ${bare.toFixed(1)} ms`);
  }
  const options = { examples: Number(count), epochs: 2, test: 10_000 };
  const curves: (readonly number[])[] = [];
  for (const backend of ["cpu", "wasm", "gpu", "gpu webgpu"]) {
    const { mode, adapter, losses, accuracy, seconds, milliseconds } = await call("train", {
      ...options,
      backend,
    });
    const median = milliseconds.toSorted((a, b) => a - b)[milliseconds.length >> 1]!;
    print(
      `${backend} (${mode}${adapter ? `, ${adapter}` : ""}): accuracy ${(100 * accuracy!).toFixed(2)} %, ` +
        `${seconds.toFixed(1)} s, median step ${median.toFixed(2)} ms`,
    );
    curves.push(losses);
  }
  const [cpu = [], , webgl2 = [], webgpu = []] = curves;
  for (const [name, losses] of Object.entries({ webgl2, webgpu })) {
    const differences = cpu.map((loss, i) => Math.abs((losses[i] ?? NaN) - loss) / loss);
    for (const steps of [50, differences.length]) {
      const worst = Math.max(...differences.slice(0, steps)).toExponential(1);
      print(`${name}: largest relative difference of the losses in the first ${steps} steps: ${worst}`);
    }
  }
} finally {
  await browser.close();
  server.close();
}
