import type { SkipList } from "@chainrule/testkit";

/** What no mode of this backend does. */
export const skip: SkipList = {
  "*/float64/*": "GPUs compute in float32; float64 is refused with a DtypeError",
  "cast/*/to float64": "GPUs compute in float32; float64 is refused with a DtypeError",
  "*/int32/wraps": "floats hold no int32 of 2²⁴ or more: such a result is refused when it is read",
};
