export * from "./errors.ts";
export { bytesPerElement, dtypes, type Dtype, type TypedArray } from "./dtype.ts";
export { formatShape, type Shape } from "./shape.ts";
export type { Range } from "./engine/view.ts";
export { threefry2x32 } from "./engine/threefry.ts";
export * from "./backend/kernel.ts";
export { hostMath } from "./backend/host-math.ts";
export {
  checkedIndex,
  contiguousMap,
  foldIdentity,
  foldOperator,
  loopAxes,
  operandsFirst,
  operandsOf,
  pairwise,
  partsOfAxis,
  sizeClass,
  trafficAlong,
  undefinedFor,
} from "./backend/lowering.ts";
export type { Backend, BackendPlugin, Capabilities, PlanStep } from "./backend/contract.ts";
export {
  getBackend,
  listBackends,
  memory,
  registerBackend,
  setBackend,
  withBackend,
  type BackendListing,
} from "./backend/registry.ts";
export { Tensor, type NestedArray } from "./tensor/tensor.ts";
export type { Operand } from "./tensor/handle.ts";
export type { ReduceOptions, VarianceOptions } from "./tensor/reductions.ts";
export type { SliceSpec } from "./ops/shaping.ts";
export { Variable, type VariableOptions } from "./tensor/variable.ts";
export {
  arange,
  concat,
  customGradient,
  eye,
  full,
  gradient,
  hostValue,
  linspace,
  oneHot,
  ones,
  onesLike,
  stack,
  tensor,
  where,
  zeros,
  zerosLike,
  type DtypeOption,
  type GradientOptions,
  type HostValueOptions,
  type TensorLike,
  type TensorOptions,
} from "./tensor/create.ts";
export { Generator } from "./random/generator.ts";
export {
  random,
  type BernoulliOptions,
  type NormalOptions,
  type RandomOptions,
  type UniformOptions,
} from "./tensor/random.ts";
export { truncatedNormal, type TruncatedNormalOptions } from "./tensor/truncated-normal.ts";
export { cumsum, erfinv } from "./tensor/functions.ts";
export { overlapAdd, slidingWindows, type WindowOptions } from "./tensor/windows.ts";
export { compile, type Compiled, type CompileOptions, type Tree } from "./tensor/compile.ts";
export { explain, realize, realizeSync } from "./tensor/realize.ts";
export { debug, type DebugOptions } from "./engine/debug.ts";
export { planCache } from "./engine/plan-cache.ts";
export type { Plan, PlannedKernel } from "./engine/plan.ts";
export { cholesky } from "./linalg/cholesky.ts";
export { qr, type QR } from "./linalg/qr.ts";
export { lstsq, solve, type LstsqOptions, type SolveOptions } from "./linalg/solve.ts";
export { solveTriangular, type SolveTriangularOptions } from "./linalg/triangular.ts";
