import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bundle } from "../src/bundle.ts";
import { fileLines } from "../src/lines.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "budget-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(file: string, text: string): string {
  const path = join(root, file);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

test("a bundle counts what the entry uses and no more", async () => {
  write("lib.ts", 'export const used = "used";\nexport const unused = "x".repeat(3) + "never shipped";');
  const entry = write("entry.ts", 'import { used } from "./lib.ts";\nconsole.log(used as string);');
  const { minified, gzipped, imports } = await bundle(entry);
  expect(minified).toBeLessThan(40);
  expect(gzipped).toBeGreaterThan(0);
  expect(imports).toEqual([]);
});

test("a bundle lists what stays outside", async () => {
  const entry = write(
    "entry.ts",
    'import { a } from "left-pad";\nconsole.log(a, await import("right-pad"));',
  );
  const { imports } = await bundle(entry, (specifier) => !/^[./]/.test(specifier));
  expect(imports.toSorted()).toEqual(["left-pad", "right-pad"]);
});

test("a missing export fails the measurement instead of shrinking it", async () => {
  write("lib.ts", "export const a = 1;");
  const entry = write("entry.ts", 'import { b } from "./lib.ts";\nconsole.log(b);');
  await expect(bundle(entry)).rejects.toThrow("b");
});

test("lines are counted in src and test, longest first", () => {
  write("packages/core/src/a.ts", "1\n2\n3\n");
  write("packages/core/test/b.ts", "1\n2");
  write("packages/core/dist/c.ts", "1\n2\n3\n4");
  expect(fileLines(root)).toEqual([
    { file: "packages/core/src/a.ts", lines: 3 },
    { file: "packages/core/test/b.ts", lines: 2 },
  ]);
});
