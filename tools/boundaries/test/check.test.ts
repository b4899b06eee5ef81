import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkBoundaries } from "../src/check.ts";
import { importsOf } from "../src/imports.ts";
import { mayImport } from "../src/rules.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "boundaries-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Writes a package with its sources; the peers it declares are given by folder name. */
function room(name: string, sources: Record<string, string>, peers: string[] = []): void {
  const entries = { ".": "./src/index.ts", "./node": "./src/node.ts" };
  const peerDependencies = Object.fromEntries(peers.map((peer) => [`@chainrule/${peer}`, "workspace:^"]));
  const files = { ...sources, "../package.json": JSON.stringify({ exports: entries, peerDependencies }) };
  for (const [file, text] of Object.entries(files)) {
    const path = join(root, "packages", name, "src", file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

test("a package that keeps the table passes", () => {
  room("core", { "index.ts": 'export { a } from "./a.ts";', "a.ts": "export const a = 1;" });
  room("nn", { "index.ts": 'import { a } from "@chainrule/core";\nexport const b = a;' }, ["core"]);
  expect(checkBoundaries(root)).toEqual([]);
});

test.each([
  ["core", 'import "@chainrule/backend-cpu";', "core may not import backend-cpu"],
  ["core", 'import type { A } from "@chainrule/nn";', "core may not import nn"],
  ["backend-cpu", 'export * from "@chainrule/nn";', "backend-cpu may not import nn"],
  ["nn", 'const m = await import("@chainrule/optim");', "nn may not import optim"],
  ["nn", 'import "@chainrule/nn";', "imports itself by relative path"],
  ["nn", 'import "left-pad";', '"left-pad" is imported but is no dependency'],
  ["nn", 'import "@chainrule/core";', '"@chainrule/core" is imported but is no dependency'],
  ["nn", 'import "../../core/src/index.ts";', "leaves the package's src"],
  ["nn", 'import "../../../apps/mnist/src/main.ts";', "is an application"],
  ["nn", 'import "@chainrule-apps/mnist";', "is an application"],
])("%s: %s is refused", (name, source, message) => {
  room(name, { "index.ts": source });
  expect(checkBoundaries(root).join("\n")).toContain(message);
});

test("a dependency that the table forbids is refused before it is used", () => {
  room("optim", { "index.ts": "" }, ["nn"]);
  expect(checkBoundaries(root)).toEqual(["packages/optim/package.json: optim may not depend on nn"]);
});

test("builtins are reached from ./node only", () => {
  const read = 'import { readFile } from "node:fs/promises";\nexport { readFile };';
  room("io", { "index.ts": "export const a = 1;", "node.ts": 'export * from "./read.ts";', "read.ts": read });
  expect(checkBoundaries(root)).toEqual([]);
  room("io", { "index.ts": 'export * from "./read.ts";' });
  expect(checkBoundaries(root)).toEqual([
    'packages/io/src/read.ts:1: entry "." reaches "node:fs/promises"; only ./node may',
  ]);
});

test("a package without a row in the table is refused", () => {
  room("surprise", { "index.ts": "" });
  expect(checkBoundaries(root)).toHaveLength(1);
});

test("the table itself has no cycle", () => {
  const visit = (name: string, path: string[]): void => {
    expect(path, "two packages importing each other").not.toContain(name);
    for (const next of mayImport[name] ?? []) visit(next, [...path, name]);
  };
  for (const name of Object.keys(mayImport)) visit(name, []);
});

test("imports are read with their lines and whether they are types", () => {
  const source =
    'import a from "a";\nimport type { B } from "b";\n\nexport { c } from "c";\nvoid import("d");';
  expect(importsOf("x.ts", source)).toEqual([
    { specifier: "a", line: 1, typeOnly: false },
    { specifier: "b", line: 2, typeOnly: true },
    { specifier: "c", line: 4, typeOnly: false },
    { specifier: "d", line: 5, typeOnly: false },
  ]);
});
