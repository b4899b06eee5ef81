import type { Optimizer } from "../optimizer.ts";
import type { Schedule } from "./schedule.ts";

/**
 * Keeps an optimiser's learning rate on a schedule: lr = base · schedule(position), where base is the rate that the
 * optimiser has when the scheduler is made. Captured steps follow it.
 */
export class Scheduler {
  readonly optimizer: Pick<Optimizer, "lr">;
  readonly schedule: Schedule;
  readonly base: number;
  #position = 0;

  constructor(optimizer: Pick<Optimizer, "lr">, schedule: Schedule) {
    this.optimizer = optimizer;
    this.schedule = schedule;
    this.base = optimizer.lr;
    this.position = 0;
  }

  /** Steps made so far; set it to go on from a saved run. */
  get position(): number {
    return this.#position;
  }

  set position(position: number) {
    this.optimizer.lr = this.base * this.schedule(position);
    this.#position = position;
  }

  /** Goes on by one: after each batch or after each epoch, whichever the schedule counts. */
  step(): void {
    this.position++;
  }
}
