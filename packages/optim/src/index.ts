export { Adadelta, type AdadeltaOptions } from "./adadelta.ts";
export { Adagrad, type AdagradOptions } from "./adagrad.ts";
export { Adam } from "./adam.ts";
export type { AdamOptions } from "./adam-base.ts";
export { Adamax, type AdamaxOptions } from "./adamax.ts";
export { AdamW } from "./adamw.ts";
export { clipGradNorm, clipGradValue, type ClipGradNormOptions, type ClippedGradients } from "./clip.ts";
export { Ema, type EmaOptions } from "./ema.ts";
export { LBFGS, type LbfgsOptions, type LbfgsReport, type LossAndGradients } from "./lbfgs/lbfgs.ts";
export {
  learningRateFinder,
  type LearningRateCurve,
  type LearningRateFinderOptions,
  type LearningRatePoint,
} from "./learning-rate-finder.ts";
export { Lion, type LionOptions } from "./lion.ts";
export { NAdam, type NadamOptions } from "./nadam.ts";
export {
  Optimizer,
  type BaseOptions,
  type Group,
  type Grouped,
  type OptimizerState,
  type ParameterGroup,
  type Updated,
} from "./optimizer.ts";
export { RAdam, type RadamOptions } from "./radam.ts";
export { RMSprop, type RmspropOptions } from "./rmsprop.ts";
export { constant } from "./schedules/constant.ts";
export { cosine } from "./schedules/cosine.ts";
export { cosineRestarts, type CosineRestartsOptions } from "./schedules/cosine-restarts.ts";
export { exponentialDecay } from "./schedules/exponential-decay.ts";
export { linear, linearWarmup } from "./schedules/linear.ts";
export { multiStepDecay } from "./schedules/multi-step-decay.ts";
export { oneCycle, type OneCycleOptions } from "./schedules/one-cycle.ts";
export { polynomial } from "./schedules/polynomial.ts";
export { product } from "./schedules/product.ts";
export { ratesOf, type Rated, type RatedGroup } from "./schedules/rates.ts";
export {
  ReduceOnPlateau,
  type PlateauState,
  type ReduceOnPlateauOptions,
} from "./schedules/reduce-on-plateau.ts";
export type { Schedule } from "./schedules/schedule.ts";
export { Scheduler } from "./schedules/scheduler.ts";
export { sequence, warmup } from "./schedules/sequence.ts";
export { stepDecay } from "./schedules/step-decay.ts";
export { SGD, type SgdOptions } from "./sgd.ts";
