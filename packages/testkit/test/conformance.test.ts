import * as core from "@chainrule/core";
import { type BackendPlugin, registerBackend, Tensor } from "@chainrule/core";
import { cpu } from "@chainrule/backend-cpu";
import { describe, expect, it } from "vitest";
import { conformance, conformanceCases, conformanceTable, runConformance } from "../src/index.ts";

/** The CPU backend, with a fault: whatever it reads back is one larger. */
const faulty: BackendPlugin = {
  name: "faulty",
  create: async () => {
    const good = await cpu.create();
    return new Proxy(good, {
      get: (target, key) => {
        if (key === "name") return "faulty";
        if (key === "read") return async (buffer: unknown) => (await target.read(buffer)).map((v) => v + 1);
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  },
};
registerBackend(cpu);
registerBackend(faulty);

/** Names along the chain of classes that Tensor is built of. */
function methodsOf(prototype: object): string[] {
  if (prototype === Object.prototype) return [];
  return [...Object.getOwnPropertyNames(prototype), ...methodsOf(Object.getPrototypeOf(prototype) as object)];
}

const creators = [
  "arange",
  "cholesky",
  "compile",
  "concat",
  "cumsum",
  "erfinv",
  "eye",
  "full",
  "linspace",
  "lstsq",
  "oneHot",
  "ones",
  "overlapAdd",
  "qr",
  "slidingWindows",
  "solve",
  "solveTriangular",
  "stack",
  "where",
  "zeros",
];

/** Names that compute nothing on a backend, or only by way of operations that have cases. */
const handled = new Set(
  [
    ["constructor", "node", "wrap", "shape", "dtype", "rank", "size", "backend", "toString"],
    ["data", "dataSync", "item", "itemSync", "toArray", "to", "dispose"],
    ["gradient", "stopGradient", "detach", "toFloat"],
  ].flat(),
);

it("knows every public function", () => {
  const known = new Set([
    ...creators,
    "tensor",
    "zerosLike",
    "onesLike",
    "gradient",
    "customGradient",
    "hostValue",
    "truncatedNormal",
  ]);
  const engine = [
    "realize",
    "realizeSync",
    "explain",
    "debug",
    "formatShape",
    "bytesPerElement",
    "threefry2x32",
  ];
  const lowering = [
    "checkedIndex",
    "contiguousMap",
    "foldIdentity",
    "foldOperator",
    "loopAxes",
    "operandsFirst",
    "operandsOf",
    "pairwise",
    "partsOfAxis",
    "sizeClass",
    "trafficAlong",
    "undefinedFor",
  ];
  const backends = ["registerBackend", "setBackend", "getBackend", "withBackend", "listBackends", "memory"];
  const functions = Object.entries(core)
    .filter(([name, value]) => typeof value === "function" && name[0] === name[0]!.toLowerCase())
    .map(([name]) => name);
  const others = [...engine, ...lowering, ...backends];
  expect(functions.filter((name) => !known.has(name) && !others.includes(name))).toEqual([]);
});

const few = conformanceCases.filter((c) => c.op === "neg" || c.op === "zeros");

describe("the conformance suite", () => {
  it("names every case once", () => {
    expect(new Set(conformanceCases.map((c) => c.name)).size).toBe(conformanceCases.length);
    expect(conformanceCases.length).toBeGreaterThan(2000);
  });

  it("has every public operation", () => {
    const covered = new Set(conformanceCases.map((c) => c.op));
    const names = [...methodsOf(Tensor.prototype), ...creators];
    expect(names.filter((name) => !covered.has(name) && !handled.has(name))).toEqual([]);
  });

  it("catches a backend that is wrong, and goes on", async () => {
    const results = await runConformance("faulty", { cases: few });
    expect(results).toHaveLength(few.length);
    const failed = results.filter((r) => r.status === "failed");
    expect(failed.length).toBeGreaterThan(few.length / 2);
    expect(failed[0]!.reason).toMatch(/elements differ/);
  });

  it("prints operations by dtype by backend, with reasons", async () => {
    const skip = { "neg/float64/*": "no doubles here" };
    const good = await runConformance("cpu", { cases: few, skip });
    const bad = await runConformance("faulty", { cases: few.slice(0, 1) });
    const table = conformanceTable([...good, ...bad]);
    expect(table).toMatch(/^op +cpu bool .*cpu float64 +faulty/);
    expect(table).toMatch(/^neg .* 0 −\d+/m);
    expect(table).toMatch(/✗ faulty zeros\/\w+\/odd: .*differ/);
    expect(table).toMatch(/− cpu: no doubles here \(\d+ cases\)/);
  });

  it("refuses skips that name no case, or give no reason", async () => {
    await expect(runConformance("cpu", { skip: { "neg/float32/none": "x" } })).rejects.toThrow(
      /which is no case/,
    );
    await expect(runConformance("cpu", { skip: { "neg/*": " " } })).rejects.toThrow(/gives no reason/);
  });

  it("defines a test for each case on any runner", async () => {
    const defined: [string, () => Promise<void>][] = [];
    const skipped: string[] = [];
    const it = Object.assign((name: string, run: () => Promise<void>) => defined.push([name, run]), {
      skip: (name: string) => skipped.push(name),
    });
    let table = "";
    conformance("cpu", {
      it,
      cases: few,
      skip: { "neg/float32/edges": "for the test" },
      report: (results) => (table = conformanceTable(results)),
    });
    for (const [, run] of defined) await run();
    expect(skipped).toEqual(["neg/float32/edges (for the test)"]);
    // One case is skipped; the check for leaks and the table come last.
    expect(defined).toHaveLength(few.length - 1 + 2);
    expect(table).toMatch(/^neg /m);
  });
});
