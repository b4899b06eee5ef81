export { conformanceCases } from "./conformance/cases.ts";
export type { ConformanceCase } from "./conformance/case.ts";
export {
  conformance,
  type ConformanceOptions,
  type ConformanceResult,
  runConformance,
  type SkipList,
  type TestRunner,
} from "./conformance/run.ts";
export { conformanceTable } from "./conformance/table.ts";
export { type CloseOptions, expectClose, type Numbers } from "./expect-close.ts";
export { gradCheck, type GradCheckOptions, type TensorFunction } from "./grad-check.ts";
export { leakCheck, type LeakCheckOptions } from "./leak-check.ts";
export * as reference from "./reference/index.ts";
export { defaultTolerance, sumTolerance, type Tolerance } from "./tolerance.ts";
export { randomIntegers, randomValues } from "./values.ts";
