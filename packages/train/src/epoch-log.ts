import type { StepRecord } from "./callback.ts";
import { DivergedError } from "./diverged-error.ts";
import type { TrainStep } from "./step/train-step.ts";
import type { TrainingRun } from "./training-run.ts";

/** A step as it was taken; its loss is null until it is read. */
interface TakenStep {
  readonly step: number;
  /** Examples in its batch. */
  readonly count: number;
  readonly lr: number;
  loss: number | null;
}

/** The steps of one epoch and, as far as they were read, their losses. */
export class EpochLog {
  readonly #run: TrainingRun;
  readonly #step: TrainStep;
  readonly #unread: TakenStep[] = [];
  #last: TakenStep | null = null;
  #examples = 0;
  #examplesRead = 0;
  #total = 0;

  constructor(run: TrainingRun, step: TrainStep) {
    this.#run = run;
    this.#step = step;
  }

  /** Mean over the examples of all steps that were read. */
  get meanLoss(): number {
    return this.#total / this.#examplesRead;
  }

  /** Notes that the run's present step was taken. */
  add(count: number, lr: number): void {
    this.#last = { step: this.#run.step, count, lr, loss: null };
    this.#unread.push(this.#last);
    this.#run.steps++;
    this.#examples += count;
  }

  /** What callbacks are told of the step noted last; its loss is read when one asks for it. */
  record(milliseconds: number): StepRecord {
    const taken = this.#last!;
    const read = (): void => this.readSync();
    return {
      epoch: this.#run.epoch,
      step: taken.step,
      examples: this.#examples,
      get loss(): number {
        if (taken.loss === null) read();
        return taken.loss!;
      },
      milliseconds,
    };
  }

  /** Reads the losses that wait on the device. @throws DivergedError where one is not finite. */
  async read(): Promise<void> {
    this.#settle(await this.#step.losses());
  }

  /** As `read`, at once. */
  readSync(): void {
    this.#settle(this.#step.lossesSync());
  }

  #settle(losses: readonly number[]): void {
    const steps = this.#unread.splice(0, losses.length);
    steps.forEach((taken, i) => (taken.loss = losses[i]!));
    const bad = losses.findIndex((loss) => !Number.isFinite(loss));
    if (bad >= 0) throw this.#diverged(steps[bad]!, losses.length - bad);
    for (const [i, { count }] of steps.entries()) {
      this.#total += losses[i]! * count;
      this.#examplesRead += count;
    }
  }

  /** Ends the run as of before the bad step, which with those after it was `idle` steps that changed nothing. */
  #diverged({ step, lr }: TakenStep, idle: number): DivergedError {
    const run = this.#run;
    run.step = step;
    run.steps -= idle;
    run.stop("the loss or a gradient was not finite");
    return new DivergedError(run.epoch, step, lr, run.history);
  }
}
