import { binaryCases, castCases } from "./binary.ts";
import { captureCases } from "./capture.ts";
import type { ConformanceCase } from "./case.ts";
import { chainCases } from "./chains.ts";
import { creationCases } from "./creation.ts";
import { indexingCases } from "./indexing.ts";
import { joinCases } from "./joins.ts";
import { lifetimeCases } from "./lifetimes.ts";
import { linearAlgebraCases } from "./linear-algebra.ts";
import { marginCases } from "./margins.ts";
import { movementCases } from "./movement.ts";
import { productCases } from "./products.ts";
import { randomCases } from "./random.ts";
import { identityReductionCases, reductionCases } from "./reductions.ts";
import { unaryCases } from "./unary.ts";
import { windowCases } from "./windows.ts";

/** Everything that a backend is held to. */
export const conformanceCases: readonly ConformanceCase[] = distinct([
  ...creationCases(),
  ...unaryCases(),
  ...binaryCases(),
  ...castCases(),
  ...reductionCases(),
  ...identityReductionCases(),
  ...movementCases(),
  ...joinCases(),
  ...marginCases(),
  ...productCases(),
  ...linearAlgebraCases(),
  ...windowCases(),
  ...indexingCases(),
  ...randomCases(),
  ...chainCases(),
  ...captureCases(),
  ...lifetimeCases(),
]);

/** The cases, unless two have one name: a skip list must mean one case. */
function distinct(cases: readonly ConformanceCase[]): readonly ConformanceCase[] {
  const names = new Set<string>();
  for (const { name } of cases) {
    if (names.has(name)) throw new Error(`conformance: two cases are named "${name}"`);
    names.add(name);
  }
  return cases;
}
