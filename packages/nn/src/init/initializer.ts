import type { Dtype, Generator, Shape, Tensor } from "@chainrule/core";

/** What a layer passes to an initialiser. */
export interface InitializerOptions {
  /** float32 unless given. */
  readonly dtype?: Dtype;
  /** Where random numbers come from; the default generator unless given. */
  readonly generator?: Generator;
}

/**
 * Makes a tensor of a shape. Every function of this module returns one, so that it serves a layer
 * (`new Linear(2, 3, { init: kaimingNormal() })`) and stands alone (`kaimingNormal()([3, 2])`).
 */
export type Initializer = (shape: Shape, options?: InitializerOptions) => Tensor;
