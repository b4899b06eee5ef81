import { ratesOf, type Rated } from "./rates.ts";
import type { Schedule } from "./schedule.ts";

/**
 * Keeps an optimiser's learning rate on a schedule: lr = base · schedule(position), where base is the rate that the
 * optimiser has when the scheduler is made; groups with rates of their own are scaled alike. Captured steps follow it.
 */
export class Scheduler {
  readonly optimizer: Rated;
  readonly schedule: Schedule;
  readonly base: number;
  readonly #rates: readonly { readonly of: { lr: number }; readonly base: number }[];
  #position = 0;

  constructor(optimizer: Rated, schedule: Schedule) {
    this.optimizer = optimizer;
    this.schedule = schedule;
    this.base = optimizer.lr;
    this.#rates = ratesOf(optimizer).map((of) => ({ of, base: of.lr }));
    this.position = 0;
  }

  /** Steps made so far; set it to go on from a saved run. */
  get position(): number {
    return this.#position;
  }

  set position(position: number) {
    const factor = this.schedule(position);
    for (const { of, base } of this.#rates) of.lr = base * factor;
    this.#position = position;
  }

  /** Goes on by one: after each batch or after each epoch, whichever the schedule counts. */
  step(): void {
    this.position++;
  }
}
