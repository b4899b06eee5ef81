import { OptionError } from "@chainrule/core";
import type { EpochRecord } from "../history.ts";

/** A figure of each epoch to go by, and which way is better. */
export interface MonitorOptions {
  /** "trainLoss", "testLoss" (the default), "testAccuracy", or the name of a metric. */
  readonly monitor?: string;
  /** Default "max" for testAccuracy, else "min". */
  readonly mode?: "min" | "max";
  /** The least change that counts as better; default 0. */
  readonly minDelta?: number;
}

/** Remembers the best value of a monitored figure. */
export class Monitor {
  readonly name: string;
  readonly #sign: number;
  readonly #minDelta: number;
  #best: number | null = null;

  constructor({ monitor = "testLoss", mode, minDelta = 0 }: MonitorOptions) {
    if (!(minDelta >= 0)) throw new OptionError(`minDelta is ${minDelta}; it must be at least 0`);
    this.name = monitor;
    this.#sign = (mode ?? (monitor === "testAccuracy" ? "max" : "min")) === "max" ? 1 : -1;
    this.#minDelta = minDelta;
  }

  /** The best value so far, null before the first. */
  get best(): number | null {
    return this.#best;
  }

  reset(): void {
    this.#best = null;
  }

  /** Whether the epoch is better than all before it. @throws OptionError where the figure was not measured. */
  improves(record: EpochRecord): boolean {
    const value = this.#valueOf(record);
    const better = this.#best === null || this.#sign * (value - this.#best) > this.#minDelta;
    if (better) this.#best = value;
    return better;
  }

  #valueOf({ trainLoss, testLoss, testAccuracy, metrics }: EpochRecord): number {
    const known: Record<string, number | null> = { ...metrics, trainLoss, testLoss, testAccuracy };
    const value = Object.hasOwn(known, this.name) ? known[this.name] : undefined;
    if (value == null) {
      const measured = Object.keys(known).filter((name) => known[name] !== null);
      throw new OptionError(
        `monitor "${this.name}" is not measured; there are ${measured.join(", ")} ` +
          `(test figures need fit's option validation)`,
      );
    }
    return value;
  }
}
