import type { Tensor } from "@chainrule/core";

/** A way to take training steps and to learn what they came to. */
export interface Stepper {
  /** Steps whose losses were not asked for yet. */
  readonly unread: number;
  /** Whether the losses must be asked for before another step is taken. */
  readonly isFull: boolean;
  /** Takes one step; where its loss or a gradient is not finite, it changes nothing. */
  run(x: Tensor, y: Tensor): Promise<void>;
  /**
   * The losses of the unread steps, in order. The first that is not finite is that of a step which changed nothing, and
   * neither did those after it: then the optimiser is as before that step.
   */
  losses(): Promise<readonly number[]>;
  /** As `losses`, at once: only where the backend can be read synchronously. */
  lossesSync(): readonly number[];
}
