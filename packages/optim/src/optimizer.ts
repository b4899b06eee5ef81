import {
  FormatError,
  full,
  hostValue,
  OptionError,
  realize,
  ShapeError,
  StateError,
  Variable,
  type Dtype,
  type Tensor,
} from "@chainrule/core";
import { checkRange } from "./options.ts";

/** Options that every optimiser has, defaults filled in. */
export interface BaseOptions {
  /** The learning rate. */
  lr: number;
  /** Whether to climb instead of descend. */
  maximize: boolean;
}

/** Parameters with options of their own. */
export type ParameterGroup<Options> = Partial<Options> & { readonly parameters: readonly Variable[] };

/** What every optimiser's options may say besides its own. */
export interface Grouped<Options> {
  /** Parameters whose options differ from the optimiser's; a parameter in no group follows the optimiser. */
  readonly groups?: readonly ParameterGroup<Options>[];
}

/** A group in force: the optimiser's options with the group's own over them. */
export interface Group<Options extends BaseOptions> {
  readonly parameters: readonly Variable[];
  /** The group's own options, as given. */
  readonly own: Partial<Options>;
  /** The learning rate in force: the group's own, or the optimiser's. Setting it makes it the group's own. */
  lr: number;
}

/** What one step makes of a parameter and of its state. */
export type Updated<Slot extends string> = { readonly parameter: Tensor } & { readonly [S in Slot]?: Tensor };

/** An optimiser's state as data: the tensors and the plain numbers, ready for safetensors and JSON. */
export interface OptimizerState {
  /** `"<index>.<slot>"`, for example "0.expAvg"; the index is that of the parameter in the order first updated. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** "lr", `"groups.<index>.lr"` for each group with a rate of its own, and `"<index>.step"` for each parameter. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** The state of one parameter. */
interface Memory {
  /** Steps executed so far. */
  steps: number;
  /** The index of the parameter's group; −1 where it is in none. */
  readonly group: number;
  readonly slots: ReadonlyMap<string, Variable>;
}

/**
 * Changes variables step by step so that a loss falls. A subclass gives the rule of one step as a graph (`rule`), the
 * scalars in it (`scalars`) and the names of its state (`slots`), each from the options of the parameter's group; state
 * is made when a parameter is first updated.
 *
 * The scalars are evaluated on the host, in float64, each time a step is executed: also at each replay of a captured
 * step, which therefore follows `lr` and the step count. Whether an option is zero is fixed at capture.
 */
export abstract class Optimizer<
  Options extends BaseOptions = BaseOptions,
  Slot extends string = string,
  Scalar extends string = string,
> {
  /** The options in force, defaults included. */
  readonly options: Options;
  readonly #memories = new Map<Variable, Memory>();
  /** State that was loaded for parameters not yet seen. */
  #loaded: OptimizerState | null = null;

  /** Groups of parameters with options of their own. */
  readonly groups: readonly Group<Options>[];
  readonly #groupOf = new Map<Variable, number>();

  /**
   * @throws OptionError for an option out of range, in a group too, and for a parameter that is given twice.
   */
  constructor(options: Options & Grouped<Options>) {
    const { groups = [], ...base } = options;
    this.options = base as unknown as Options;
    this.#validate(this.options, "");
    this.groups = groups.map((group, i) => this.#group(group, i));
  }

  /** The learning rate of parameters whose group has none of its own, read at every step. */
  get lr(): number {
    return this.options.lr;
  }

  set lr(value: number) {
    this.options.lr = value;
  }

  /** Throws an OptionError for an option out of range; called for the optimiser's options and for each group's. */
  protected check(_options: Options): void {}

  /** Names of the state tensors of each parameter, of its shape. */
  protected abstract slots(options: Options): readonly Slot[];

  /** What a state tensor is filled with at first: 0 unless a subclass says otherwise. */
  protected initial(_slot: Slot, _options: Options): number {
    return 0;
  }

  /** The numbers that `rule` needs at a parameter's `step`-th step, counted from 1. */
  protected abstract scalars(step: number, options: Options): Readonly<Record<Scalar, number>>;

  /** One step of one parameter as a graph: the new parameter, and what of the state changes. */
  protected abstract rule(
    parameter: Tensor,
    gradient: Tensor,
    state: Readonly<Record<Slot, Tensor>>,
    scalars: Readonly<Record<Scalar, Tensor>>,
    options: Options,
  ): Updated<Slot>;

  /**
   * Records one step on the graph: `gradients[i]` is that of `parameters[i]`. Nothing is computed yet; inside
   * `compile` the step becomes part of the captured plan. Where a scalar `condition` is given and is 0 when the step is
   * executed, parameters and state stay as they are; the step is counted all the same, until `uncount`.
   *
   * @throws OptionError where there are not as many gradients as parameters, or a parameter is given twice;
   * ShapeError where a gradient has another shape than its parameter.
   */
  update(parameters: readonly Variable[], gradients: readonly Tensor[], condition?: Tensor): void {
    this.#check(parameters, gradients);
    const memories = parameters.map((parameter) => this.#memory(parameter));
    // Parameters of one group, dtype and step count share their scalars: as a rule that is all of them.
    const alike = Map.groupBy(parameters.keys(), (i) => {
      const { group, steps } = memories[i]!;
      return `${group} ${parameters[i]!.dtype} ${steps}`;
    });
    for (const indices of alike.values()) {
      const scalars = this.#hostScalars(
        indices.map((i) => memories[i]!),
        parameters[indices[0]!]!.dtype,
      );
      for (const i of indices) this.#apply(parameters[i]!, gradients[i]!, memories[i]!, scalars, condition);
    }
  }

  /** Counts the last `steps` steps of these parameters as not taken: those whose condition did not hold. */
  uncount(parameters: readonly Variable[], steps: number): void {
    for (const parameter of parameters) this.#memory(parameter).steps -= steps;
  }

  /** `update`, then computes the new parameters and state. Where that fails, both are as they were before. */
  async step(parameters: readonly Variable[], gradients: readonly Tensor[]): Promise<void> {
    await this.#execute(parameters, gradients, []);
  }

  /** One step down the gradient of a scalar `loss`, which is computed along with it; otherwise as `step`. */
  async minimize(loss: Tensor, parameters: readonly Variable[]): Promise<void> {
    await this.#execute(parameters, loss.gradient(...parameters), [loss]);
  }

  /** The state of every parameter updated so far. The tensors are the variables themselves. */
  stateDict(): OptimizerState {
    const tensors: Record<string, Tensor> = {};
    const numbers: Record<string, number> = { lr: this.lr };
    for (const [i, { own }] of this.groups.entries()) {
      if (own.lr !== undefined) numbers[`groups.${i}.lr`] = own.lr;
    }
    for (const [index, { steps, slots }] of [...this.#memories.values()].entries()) {
      numbers[`${index}.step`] = steps;
      for (const [slot, variable] of slots) tensors[`${index}.${slot}`] = variable;
    }
    return {
      tensors: { ...this.#loaded?.tensors, ...tensors },
      numbers: { ...this.#loaded?.numbers, ...numbers },
    };
  }

  /**
   * Goes on from a saved state: parameters already updated take it now, others at their first `update`, in the order
   * of the saving run.
   *
   * @throws FormatError listing every tensor that is missing or differs in shape or dtype; nothing is loaded then.
   */
  loadStateDict(state: OptimizerState): void {
    const variables = [...this.#memories.keys()];
    const problems = variables.flatMap((variable, i) => this.#mismatches(state, i, variable));
    if (!Number.isFinite(state.numbers.lr)) problems.push("lr is missing");
    if (problems.length > 0)
      throw new FormatError(`loadStateDict: nothing was loaded: ${problems.join("; ")}`);
    this.lr = state.numbers.lr!;
    for (const [i, { own }] of this.groups.entries()) {
      const lr = state.numbers[`groups.${i}.lr`];
      if (lr !== undefined) own.lr = lr;
    }
    this.#loaded = state;
    for (const [i, memory] of [...this.#memories.values()].entries()) {
      memory.steps = state.numbers[`${i}.step`]!;
      for (const [slot, variable] of memory.slots) variable.assign(state.tensors[`${i}.${slot}`]!);
    }
  }

  /** Moves the state to a backend, where the parameters must be too. */
  async to(backend: string): Promise<this> {
    const variables = [...this.#memories.values()].flatMap(({ slots }) => [...slots.values()]);
    const moved = await Promise.all(variables.map((variable) => variable.to(backend)));
    variables.forEach((variable, i) => variable.assign(moved[i]!));
    return this;
  }

  #validate(options: Options, place: string): void {
    try {
      checkRange(this, "lr", options.lr, 0);
      this.check(options);
    } catch (error) {
      if (place === "" || !(error instanceof OptionError)) throw error;
      throw new OptionError(`${error.message}, in ${place}`, { cause: error });
    }
  }

  #group({ parameters, ...rest }: ParameterGroup<Options>, index: number): Group<Options> {
    const own = rest as unknown as Partial<Options>;
    this.#validate({ ...this.options, ...own }, `groups[${index}]`);
    for (const parameter of parameters) {
      const other = this.#groupOf.get(parameter);
      if (other !== undefined) {
        throw new OptionError(
          `${this.constructor.name}: ${parameter.name === "" ? "a parameter" : `parameter "${parameter.name}"`} is ` +
            `given twice, in groups[${other}] and groups[${index}]; it would be updated by two rules`,
        );
      }
      this.#groupOf.set(parameter, index);
    }
    const shared = this.options;
    return {
      parameters,
      own,
      get lr(): number {
        return own.lr ?? shared.lr;
      },
      set lr(value: number) {
        own.lr = value;
      },
    };
  }

  #optionsOf(group: number): Options {
    return group < 0 ? this.options : { ...this.options, ...this.groups[group]!.own };
  }

  async #execute(
    parameters: readonly Variable[],
    gradients: readonly Tensor[],
    alongside: readonly Tensor[],
  ): Promise<void> {
    this.#check(parameters, gradients);
    const memories = parameters.map((parameter) => this.#memory(parameter));
    const steps = memories.map((memory) => memory.steps);
    const variables = [...parameters, ...memories.flatMap((memory) => [...memory.slots.values()])];
    const before = variables.map((variable) => variable.stopGradient());
    this.update(parameters, gradients);
    try {
      await realize(...alongside, ...variables);
    } catch (error) {
      variables.forEach((variable, i) => variable.assign(before[i]!));
      memories.forEach((memory, i) => (memory.steps = steps[i]!));
      throw error;
    }
  }

  #check(parameters: readonly Variable[], gradients: readonly Tensor[]): void {
    const name = this.constructor.name;
    if (parameters.length !== gradients.length) {
      throw new OptionError(`${name}: ${parameters.length} parameters but ${gradients.length} gradients`);
    }
    const seen = new Map<Variable, number>();
    for (const [i, parameter] of parameters.entries()) {
      if (seen.has(parameter))
        throw new OptionError(`${name}: parameters ${seen.get(parameter)} and ${i} are the same`);
      seen.set(parameter, i);
      const [expected, given] = [parameter.shape.join(", "), gradients[i]!.shape.join(", ")];
      if (expected !== given) {
        throw new ShapeError(`${name}: parameter ${i} has shape [${expected}], its gradient [${given}]`);
      }
    }
  }

  #memory(parameter: Variable): Memory {
    const known = this.#memories.get(parameter);
    if (known) return known;
    const index = this.#memories.size;
    const saved = this.#loaded?.numbers[`${index}.step`] === undefined ? null : this.#loaded;
    const problems = saved ? this.#mismatches(saved, index, parameter) : [];
    if (problems.length > 0) throw new FormatError(`the loaded state does not fit: ${problems.join("; ")}`);
    const group = this.#groupOf.get(parameter) ?? -1;
    const options = this.#optionsOf(group);
    const initial = (slot: Slot): Tensor =>
      saved?.tensors[`${index}.${slot}`] ??
      full(parameter.shape, this.initial(slot, options), { dtype: parameter.dtype });
    const slots = new Map(
      this.slots(options).map((slot) => [slot, new Variable(initial(slot), { name: slot, exclusive: true })]),
    );
    const memory = { steps: saved?.numbers[`${index}.step`] ?? 0, group, slots };
    this.#memories.set(parameter, memory);
    return memory;
  }

  #mismatches(state: OptimizerState, index: number, parameter: Variable): string[] {
    const problems = state.numbers[`${index}.step`] === undefined ? [`${index}.step is missing`] : [];
    const expected = `${parameter.dtype} [${parameter.shape.join(", ")}]`;
    for (const slot of this.slots(this.#optionsOf(this.#groupOf.get(parameter) ?? -1))) {
      const value = state.tensors[`${index}.${slot}`];
      const given = value && `${value.dtype} [${value.shape.join(", ")}]`;
      if (given !== expected) problems.push(`${index}.${slot} is ${given ?? "missing"}, not ${expected}`);
    }
    return problems;
  }

  /** The scalars as tensors; executing the step that holds them advances the step counts. */
  #hostScalars(memories: readonly Memory[], dtype: Dtype): Record<Scalar, Tensor> {
    const { group } = memories[0]!;
    const names = Object.keys(this.scalars(memories[0]!.steps + 1, this.#optionsOf(group)));
    const values = hostValue(
      () => {
        const done = memories[0]!.steps;
        const other = memories.find((memory) => memory.steps !== done);
        if (other) {
          throw new StateError(
            `${this.constructor.name}: a captured step updates parameters that by now have made ${done} and ` +
              `${other.steps} steps; update them together, or capture the step again`,
          );
        }
        for (const memory of memories) memory.steps++;
        return Object.values<number>(this.scalars(done + 1, this.#optionsOf(group)));
      },
      { shape: [names.length], dtype },
    );
    return Object.fromEntries(names.map((name, i) => [name, values.slice(i)])) as Record<Scalar, Tensor>;
  }

  #apply(
    parameter: Variable,
    gradient: Tensor,
    memory: Memory,
    scalars: Record<Scalar, Tensor>,
    condition: Tensor | undefined,
  ): void {
    const assign = (variable: Variable, value: Tensor): void =>
      variable.assign(condition ? condition.where(value, variable) : value);
    const state = Object.fromEntries<Tensor>(memory.slots) as Record<Slot, Tensor>;
    const options = this.#optionsOf(memory.group);
    const uphill = options.maximize ? gradient.neg() : gradient;
    const updated = this.rule(parameter, uphill, state, scalars, options);
    for (const [slot, variable] of memory.slots) {
      const value = updated[slot as Slot];
      if (value) assign(variable, value);
    }
    assign(parameter, updated.parameter);
  }
}
