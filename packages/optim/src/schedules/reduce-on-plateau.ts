import { OptionError } from "@chainrule/core";
import { checkRange } from "../options.ts";
import { ratesOf, type Rated } from "./rates.ts";

/** Options of ReduceOnPlateau. */
export interface ReduceOnPlateauOptions {
  /** Whether the metric should fall ("min", unless given) or rise. */
  readonly mode?: "min" | "max";
  /** What the rate is multiplied by, below 1; 0.1 unless given. */
  readonly factor?: number;
  /** How many checks in a row may bring no improvement; 10 unless given. */
  readonly patience?: number;
  /** The least change that counts as an improvement; 1e-4 unless given. */
  readonly threshold?: number;
  /** Whether the threshold is a share of the best ("rel", unless given) or an amount. */
  readonly thresholdMode?: "rel" | "abs";
  /** Checks after a reduction during which nothing is counted; 0 unless given. */
  readonly cooldown?: number;
  /** The rate stays at or above this; 0 unless given. */
  readonly minLr?: number;
}

/** The part of its state that a saved run needs. */
export interface PlateauState {
  readonly best: number;
  readonly bad: number;
  readonly cooling: number;
}

/**
 * Multiplies the learning rate by a factor once a metric has not improved for `patience` checks: PyTorch's
 * ReduceLROnPlateau. A NaN is no improvement. Changes of 1e-8 and less are not made.
 *
 * @throws OptionError for an option out of range.
 */
export class ReduceOnPlateau {
  readonly optimizer: Rated;
  readonly options: Required<ReduceOnPlateauOptions>;
  #best: number;
  #bad = 0;
  #cooling = 0;

  constructor(optimizer: Rated, options: ReduceOnPlateauOptions = {}) {
    this.optimizer = optimizer;
    this.options = {
      mode: "min",
      factor: 0.1,
      patience: 10,
      threshold: 1e-4,
      thresholdMode: "rel",
      cooldown: 0,
      minLr: 0,
      ...options,
    };
    const { mode, thresholdMode, factor, patience, threshold, cooldown, minLr } = this.options;
    if (mode !== "min" && mode !== "max")
      throw new OptionError(`ReduceOnPlateau: mode is "min" or "max", not ${JSON.stringify(mode)}`);
    if (thresholdMode !== "rel" && thresholdMode !== "abs")
      throw new OptionError(
        `ReduceOnPlateau: thresholdMode is "rel" or "abs", not ${JSON.stringify(thresholdMode)}`,
      );
    checkRange(this, "factor", factor, 0, 1);
    for (const [name, value] of Object.entries({ patience, threshold, cooldown, minLr }))
      checkRange(this, name, value, 0);
    this.#best = mode === "min" ? Infinity : -Infinity;
  }

  /** Where it stands; set it to go on from a saved run. */
  get state(): PlateauState {
    return { best: this.#best, bad: this.#bad, cooling: this.#cooling };
  }

  set state({ best, bad, cooling }: PlateauState) {
    this.#best = best;
    this.#bad = bad;
    this.#cooling = cooling;
  }

  /** Takes the metric of one check, as a rule the validation loss of an epoch; whether the rate was reduced. */
  step(metric: number): boolean {
    if (this.#improves(metric)) {
      this.#best = metric;
      this.#bad = 0;
    } else this.#bad++;
    if (this.#cooling > 0) {
      this.#cooling--;
      this.#bad = 0;
    }
    if (this.#bad <= this.options.patience) return false;
    this.#cooling = this.options.cooldown;
    this.#bad = 0;
    return this.#reduce();
  }

  #improves(metric: number): boolean {
    const { mode, threshold, thresholdMode } = this.options;
    const sign = mode === "min" ? -1 : 1;
    const bar = thresholdMode === "rel" ? this.#best * (1 + sign * threshold) : this.#best + sign * threshold;
    return mode === "min" ? metric < bar : metric > bar;
  }

  #reduce(): boolean {
    const { factor, minLr } = this.options;
    let reduced = false;
    for (const rate of ratesOf(this.optimizer)) {
      const next = Math.max(rate.lr * factor, minLr);
      if (rate.lr - next <= 1e-8) continue;
      rate.lr = next;
      reduced = true;
    }
    return reduced;
  }
}
