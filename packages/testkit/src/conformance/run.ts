import { withBackend } from "@chainrule/core";
import { canCollect, watchBuffers } from "../leak-check.ts";
import type { ConformanceCase } from "./case.ts";
import { conformanceCases } from "./cases.ts";

/** What became of one case on one backend. */
export interface ConformanceResult {
  readonly backend: string;
  readonly case: ConformanceCase;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it was skipped, or how it failed. */
  readonly reason?: string;
}

/** Cases that a backend is not held to, by name, each with the reason; `*` stands for any text. */
export type SkipList = Readonly<Record<string, string>>;

/** What `runConformance` may be told. */
export interface ConformanceOptions {
  readonly skip?: SkipList;
  /** Cases to run; all of them unless said. */
  readonly cases?: readonly ConformanceCase[];
}

/** The reason to skip each case that the list names. Throws where a name meets no case or gives no reason. */
export function skipReasons(
  skip: SkipList,
  cases: readonly ConformanceCase[] = conformanceCases,
): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  for (const [name, reason] of Object.entries(skip)) {
    if (reason.trim() === "") throw new Error(`conformance: the skip of "${name}" gives no reason`);
    const matches = cases.filter((c) => matcher(name).test(c.name));
    if (matches.length === 0) throw new Error(`conformance: the skip list names "${name}", which is no case`);
    for (const c of matches) reasons.set(c.name, reason);
  }
  return reasons;
}

/** `*` is any text; all else is itself. */
function matcher(name: string): RegExp {
  const escaped = name.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`);
}

/** Runs the suite on a registered backend, one case after another; a failing case does not stop it. */
export async function runConformance(
  backend: string,
  { skip = {}, cases = conformanceCases }: ConformanceOptions = {},
): Promise<ConformanceResult[]> {
  const reasons = skipReasons(skip, cases);
  const results: ConformanceResult[] = [];
  for (const c of cases) {
    const reason = reasons.get(c.name);
    results.push(
      reason === undefined ? await runCase(backend, c) : { backend, case: c, status: "skipped", reason },
    );
  }
  return results;
}

async function runCase(backend: string, c: ConformanceCase): Promise<ConformanceResult> {
  try {
    await withBackend(backend, () => c.run());
    return { backend, case: c, status: "passed" };
  } catch (error) {
    return {
      backend,
      case: c,
      status: "failed",
      reason: error instanceof Error ? error.message : String(error),
    };
  }
}

/** The functions of a test runner that `conformance` needs; vitest, jest, mocha and node:test all have them. */
export interface TestRunner extends ConformanceOptions {
  readonly it: {
    (name: string, run: () => Promise<void>): unknown;
    readonly skip?: (name: string, run: () => Promise<void>) => unknown;
  };
  readonly describe?: (name: string, define: () => void) => unknown;
  /** Given the table when all cases have run. */
  readonly report?: (results: readonly ConformanceResult[]) => void;
}

/**
 * Defines one test for each case, so that a failing one is named by the runner.
 *
 * A case is run, or named in the skip list with a reason; a name in the list that is no case is an error. Where the
 * host lets garbage be collected (`--expose-gc`), all cases together must leave no buffer behind.
 */
export function conformance(backend: string, runner: TestRunner): void {
  const { it, cases = conformanceCases, skip = {}, report } = runner;
  const describe = runner.describe ?? ((_name: string, define: () => void) => define());
  const reasons = skipReasons(skip, cases);
  const results: ConformanceResult[] = [];
  let finish: (() => Promise<void>) | undefined;
  const ops = [...new Set(cases.map((c) => c.op))];
  for (const op of ops) {
    describe(`${backend}: ${op}`, () => {
      for (const c of cases.filter((other) => other.op === op)) {
        const reason = reasons.get(c.name);
        if (reason !== undefined) {
          results.push({ backend, case: c, status: "skipped", reason });
          it.skip?.(`${c.name} (${reason})`, () => Promise.resolve());
          continue;
        }
        it(c.name, async () => {
          if (canCollect()) finish ??= await watchBuffers();
          const result = await runCase(backend, c);
          results.push(result);
          if (result.status === "failed") throw new Error(result.reason);
        });
      }
    });
  }
  it(`${backend}: leaves no buffer behind`, async () => {
    await finish?.();
  });
  if (report) {
    it(`${backend}: table`, () => {
      report(results);
      return Promise.resolve();
    });
  }
}
