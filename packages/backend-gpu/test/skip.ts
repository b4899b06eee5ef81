import type { ConformanceCase, SkipList } from "@chainrule/testkit";

/** What no mode of this backend does. */
export const skip: SkipList = {
  "*/float64/*": "GPUs compute in float32; float64 is refused with a DtypeError",
  "cast/*/to float64": "GPUs compute in float32; float64 is refused with a DtypeError",
  "*/int32/wraps": "floats hold no int32 of 2²⁴ or more: such a result is refused when it is read",
};

/** The same for some of the cases: each entry by the full names that it stands for. */
export function skipFor(cases: readonly ConformanceCase[]): SkipList {
  const names = Object.entries(skip).flatMap(([pattern, reason]) => {
    const matcher = new RegExp(`^${pattern.replaceAll("*", ".*")}$`);
    return cases.filter(({ name }) => matcher.test(name)).map(({ name }) => [name, reason] as const);
  });
  return Object.fromEntries(names);
}
