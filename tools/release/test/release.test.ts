import { expect, test } from "vitest";
import { readmeExample } from "../src/example.ts";
import { manifestProblems } from "../src/inspect.ts";
import { publicPackages, readManifest } from "../src/pack.ts";

const manifest = { name: "@chainrule/x", version: "1.0.0", exports: { ".": "./dist/index.js" } };
const files = ["package.json", "README.md", "LICENSE", "dist/index.js", "dist/index.d.ts"];

test("a proper tarball has no problems", () => {
  expect(manifestProblems(manifest, files)).toEqual([]);
});

test("sources, workspace ranges and stray or missing files are found", () => {
  const broken = {
    ...manifest,
    exports: "./src/index.ts",
    dependencies: { a: "workspace:^", b: "catalog:" },
  };
  expect(manifestProblems(broken, ["package.json", "README.md", "src/index.ts"])).toEqual([
    'package.json still says "./src/"',
    'package.json still says "workspace:"',
    'package.json still says "catalog:"',
    "LICENSE is not in the tarball",
    "src/index.ts should not be in the tarball",
  ]);
});

test("packages are published after those they need", () => {
  const names = publicPackages().map((folder) => readManifest(folder).name);
  expect(names[0]).toMatch(/@chainrule\/(core|backend-)/);
  for (const folder of publicPackages()) {
    const { name, dependencies, peerDependencies } = readManifest(folder);
    for (const needed of Object.keys({ ...dependencies, ...peerDependencies })) {
      if (names.includes(needed)) expect(names.indexOf(needed)).toBeLessThan(names.indexOf(name));
    }
  }
});

test("the example is the first block that imports the project", () => {
  const readme = `
\`\`\`sh
npm install
\`\`\`
\`\`\`ts
const a = 1;
\`\`\`
\`\`\`ts
import { tensor } from "@chainrule/core";
import { heNormal } from "@chainrule/nn/init";
import type { Tensor } from "@chainrule/core";
\`\`\`
`;
  const { code, packages } = readmeExample(readme);
  expect(code).toMatch(/^import \{ tensor \}/);
  expect(packages).toEqual(["@chainrule/core", "@chainrule/nn"]);
  expect(() => readmeExample("nothing here")).toThrow("README.md has no TypeScript block");
});
