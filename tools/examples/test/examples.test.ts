import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { examplesOf, readmes, textOf } from "../src/examples.ts";

const run = promisify(execFile);

// Inside this folder, from where packages resolve as they do for a user who has installed them all.
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(import.meta.dirname, "../.run-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("blocks are found with their lines, and other fences are left alone", () => {
  const text = "# A\n\n```ts\nlet a = 1;\n```\n```sh\nls\n```\n```ts\nb();\nc();\n```\n";
  expect(examplesOf("A.md", text)).toEqual([
    { readme: "A.md", line: 4, code: "let a = 1;\n" },
    { readme: "A.md", line: 10, code: "b();\nc();\n" },
  ]);
});

describe.each(readmes())("%s", (readme) => {
  const examples = examplesOf(readme, textOf(readme));
  if (readme.startsWith("packages")) test("has an example", () => expect(examples).not.toHaveLength(0));

  test.each(examples)("line $line", { timeout: 60_000 }, async ({ line, code }) => {
    const file = join(folder, `${readme.replaceAll(/[\\/.]/g, "-")}-${line}.ts`);
    await writeFile(file, code);
    // A program that fails ends with another status than 0, which rejects.
    await expect(run(process.execPath, [file], { cwd: folder })).resolves.toBeDefined();
  });
});
