/**
 * Which room may import which. This is DESIGN's table, and the only copy of it in the code.
 * Names are folder names under `packages/`; what is not listed may not be imported.
 */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  "backend-cpu": ["core"],
  "backend-wasm": ["core"],
  "backend-gpu": ["core"],
  nn: ["core"],
  optim: ["core"],
  estimators: ["core", "nn", "optim", "data"],
  data: ["core"],
  io: ["core"],
  testkit: ["core"],
  train: ["core", "nn", "optim", "data", "io"],
  inspect: ["core", "nn", "train"],
  chainrule: ["core", "backend-cpu", "nn", "optim", "data", "train", "io", "testkit"],
};

/** Packages that a build bundles, which are therefore development dependencies. */
export const bundled: Readonly<Record<string, readonly string[]>> = { "backend-gpu": ["gpu.js"] };

/** Entry points that may reach `node:` builtins; every other entry must also load in a browser. */
export const nodeEntries: readonly string[] = ["./node"];

/** The scope under which the packages are published. */
export const scope = "@chainrule/";

/** The private scope of the applications, which nothing may import. */
export const appScope = "@chainrule-apps/";
