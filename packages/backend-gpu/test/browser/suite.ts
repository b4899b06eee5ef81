import { memory, withBackend, getBackend } from "@chainrule/core";
import { conformanceCases, conformanceTable, runConformance } from "@chainrule/testkit";
import { skipFor } from "../skip.ts";

/** What became of the conformance suite on one backend. */
export interface SuiteReport {
  readonly mode: string;
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
  readonly table: string;
  /** Buffers that the backend holds afterwards. */
  readonly buffers: number;
}

/** Runs every `stride`-th case of the suite, and those about the ends of functions. */
export async function runSuite(backend: string, stride: number): Promise<SuiteReport> {
  const cases = conformanceCases.filter(
    ({ name }, i) => i % stride === 0 || (stride < 20 && /edges|magnitudes|captured/.test(name)),
  );
  const results = await runConformance(backend, {
    cases,
    skip: backend.startsWith("gpu") ? skipFor(cases) : {},
  });
  const { mode } = await withBackend(backend, () => getBackend());
  const count = (status: string): number => results.filter((result) => result.status === status).length;
  return {
    mode,
    passed: count("passed"),
    skipped: count("skipped"),
    failures: results
      .filter(({ status }) => status === "failed")
      .map((result) => `${result.case.name}: ${result.reason}`),
    table: conformanceTable(results),
    buffers: memory()[backend]?.buffers ?? 0,
  };
}
