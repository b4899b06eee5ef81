import { hostValue, OptionError, realize, StateError, Variable } from "@chainrule/core";
import { checkRange } from "./options.ts";

/** Options of Ema. */
export interface EmaOptions {
  /** d, how much of the average each update keeps; 0.999 unless given. */
  readonly decay?: number;
  /** Whether early updates keep less, min(d, (1 + t) / (10 + t)) at update t from 1; false unless given. */
  readonly warmup?: boolean;
}

/**
 * An exponential moving average of weights, e ← d·e + (1 − d)·p, which starts from the weights as they are: with noisy
 * steps the average is the better model. `update` after each optimiser step, also inside a captured one; `apply` puts
 * the averages in the weights' place to evaluate or save, `restore` puts the weights back. Polyak and Juditsky,
 * "Acceleration of stochastic approximation by averaging", 1992; PyTorch's AveragedModel with get_ema_multi_avg_fn.
 *
 * @throws OptionError unless d is in [0, 1], or where a parameter is given twice.
 */
export class Ema {
  readonly options: Required<EmaOptions>;
  readonly parameters: readonly Variable[];
  /** The averages, in the order of the parameters. */
  readonly averages: readonly Variable[];
  #updates = 0;
  #weights: readonly Variable[] | null = null;

  constructor(parameters: readonly Variable[], options: EmaOptions = {}) {
    this.options = { decay: 0.999, warmup: false, ...options };
    checkRange(this, "decay", this.options.decay, 0, 1, true);
    parameters.forEach((parameter, i) => {
      const first = parameters.indexOf(parameter);
      if (first !== i) throw new OptionError(`Ema: parameters ${first} and ${i} are the same`);
    });
    this.parameters = parameters;
    this.averages = parameters.map((parameter) => new Variable(parameter, { name: parameter.name }));
  }

  /** Updates executed so far; set it to go on from a saved run. */
  get updates(): number {
    return this.#updates;
  }

  set updates(count: number) {
    this.#updates = count;
  }

  /** Whether the averages stand in the weights' place. */
  get applied(): boolean {
    return this.#weights !== null;
  }

  /**
   * Records one update on the graph; inside `compile` it becomes part of the captured step.
   *
   * @throws StateError while the averages are applied.
   */
  update(): void {
    if (this.#weights)
      throw new StateError("Ema: update while the averages are applied; call restore() first");
    // One host value for each dtype, of which the first counts the update.
    const dtypes = [...new Set(this.averages.map(({ dtype }) => dtype))];
    const shares = dtypes.map((dtype, i) =>
      hostValue(() => 1 - this.#decay(i === 0 ? ++this.#updates : this.#updates), { dtype }),
    );
    for (const [i, average] of this.averages.entries()) {
      const share = shares[dtypes.indexOf(average.dtype)]!;
      average.assign(average.add(this.parameters[i]!.sub(average).mul(share)));
    }
  }

  /**
   * Puts the averages in the weights' place and keeps the weights for `restore`.
   *
   * @throws StateError where they are applied already.
   */
  async apply(): Promise<void> {
    if (this.#weights) throw new StateError("Ema: the averages are applied already; call restore() first");
    this.#weights = this.parameters.map((parameter) => new Variable(parameter));
    this.parameters.forEach((parameter, i) => parameter.assign(this.averages[i]!));
    await realize(...this.#weights, ...this.parameters);
  }

  /**
   * Puts the weights back as they were at `apply`.
   *
   * @throws StateError where the averages are not applied.
   */
  async restore(): Promise<void> {
    const weights = this.#weights;
    if (!weights) throw new StateError("Ema: restore without apply: the weights are in place");
    this.parameters.forEach((parameter, i) => parameter.assign(weights[i]!));
    this.#weights = null;
    await realize(...this.parameters);
  }

  #decay(update: number): number {
    const { decay, warmup } = this.options;
    return warmup ? Math.min(decay, (1 + update) / (10 + update)) : decay;
  }
}
