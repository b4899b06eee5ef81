import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const entry = fileURLToPath(new URL("../src/main.ts", import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "chainrule-lectures-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the command line in the folder. */
function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, ...args], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
  });
}

test("without a number it lists the scripts and their ideas", async () => {
  const { code, stdout } = await run();
  expect(code).toBe(0);
  expect(stdout.match(/^ ?\d+ {2}\S.*$/gm)).toHaveLength(22);
  expect(stdout).toContain(" 8  XOR\n    XOR needs a hidden layer");
});

test("runs those asked for, and writes figures and the report", async () => {
  const { code, stdout } = await run("3", "05", "--json", "report.json");
  expect(code).toBe(0);
  expect(stdout).toContain("2 of 2 reach their numbers");
  const { rows } = JSON.parse(await readFile(join(folder, "report.json"), "utf8")) as { rows: object[] };
  expect(rows.map((row) => Object.keys(row))).toEqual(
    Array.from({ length: 2 }, () => ["id", "name", "target", "value", "ok"]),
  );
  expect(rows).toMatchObject([{ id: 3, ok: true }, { id: 5, ok: true }]); // prettier-ignore
  const out = join(folder, ".chainrule", "lectures");
  expect((await readdir(out)).toSorted()).toEqual([
    "03-linear-regression-1.svg",
    "03-linear-regression-2.svg",
    "05-logistic-regression-1.svg",
  ]);
  // What was not asked for keeps out of the way of git.
  expect(await readFile(join(folder, ".chainrule", ".gitignore"), "utf8")).toBe("*\n");
});

test("says what there is where a number is not", async () => {
  const { code, stderr } = await run("23");
  expect(code).toBe(2);
  expect(stderr).toMatch(/there is no script 23; there are 1, 2, .*22, and all/);
  expect((await run("--nonsense")).code).toBe(2);
  expect((await run("--help")).code).toBe(0);
});
