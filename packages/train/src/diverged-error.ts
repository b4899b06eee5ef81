import { NumericError } from "@chainrule/core";
import type { History } from "./history.ts";

/** Training met a loss or gradient that is NaN or infinite; the model has the weights of the last good step. */
export class DivergedError extends NumericError {
  override name = "DivergedError";
  /** Both counted from 1, `step` within its epoch. */
  readonly epoch: number;
  readonly step: number;
  /** The run so far. */
  readonly history: History;

  constructor(epoch: number, step: number, lr: number, history: History) {
    super(
      `the loss or a gradient became NaN or infinite at step ${step} of epoch ${epoch}; that step was not taken, ` +
        `and the model keeps the weights from before it. Run it again under debug({ eager: true, nanCheck: true }) ` +
        `to see which operation made the first NaN; a lower learning rate (it was ${lr}) or clipped gradients ` +
        `(clip: { norm: 1 }) often help`,
    );
    this.epoch = epoch;
    this.step = step;
    this.history = history;
  }
}
