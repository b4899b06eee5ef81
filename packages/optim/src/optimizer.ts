import {
  FormatError,
  hostValue,
  OptionError,
  realize,
  ShapeError,
  StateError,
  Variable,
  zerosLike,
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

/** What one step makes of a parameter and of its state. */
export type Updated<Slot extends string> = { readonly parameter: Tensor } & { readonly [S in Slot]?: Tensor };

/** An optimiser's state as data: the tensors and the plain numbers, ready for safetensors and JSON. */
export interface OptimizerState {
  /** `"<index>.<slot>"`, for example "0.expAvg"; the index is that of the parameter in the order first updated. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** "lr", and `"<index>.step"` for each parameter. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** The state of one parameter. */
interface Memory {
  /** Steps executed so far. */
  steps: number;
  readonly slots: ReadonlyMap<string, Variable>;
}

/**
 * Changes variables step by step so that a loss falls. A subclass gives the rule of one step as a graph (`rule`), the
 * scalars in it (`scalars`) and the names of its state (`slots`); state is made when a parameter is first updated.
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

  constructor(options: Options) {
    checkRange(this, "lr", options.lr, 0);
    this.options = options;
  }

  /** The learning rate, read at every step. */
  get lr(): number {
    return this.options.lr;
  }

  set lr(value: number) {
    this.options.lr = value;
  }

  /** Names of the state tensors of each parameter, which start as zeros of its shape. */
  protected abstract slots(): readonly Slot[];

  /** The numbers that `rule` needs at a parameter's `step`-th step, counted from 1. */
  protected abstract scalars(step: number): Readonly<Record<Scalar, number>>;

  /** One step of one parameter as a graph: the new parameter, and what of the state changes. */
  protected abstract rule(
    parameter: Tensor,
    gradient: Tensor,
    state: Readonly<Record<Slot, Tensor>>,
    scalars: Readonly<Record<Scalar, Tensor>>,
  ): Updated<Slot>;

  /**
   * Records one step on the graph: `gradients[i]` is that of `parameters[i]`. Nothing is computed yet; inside
   * `compile` the step becomes part of the captured plan.
   *
   * @throws OptionError where there are not as many gradients as parameters, or a parameter is given twice;
   * ShapeError where a gradient has another shape than its parameter.
   */
  update(parameters: readonly Variable[], gradients: readonly Tensor[]): void {
    this.#check(parameters, gradients);
    const memories = parameters.map((parameter) => this.#memory(parameter));
    // Parameters of one dtype and step count share their scalars: as a rule that is all of them.
    const groups = Map.groupBy(parameters.keys(), (i) => `${parameters[i]!.dtype} ${memories[i]!.steps}`);
    for (const indices of groups.values()) {
      const scalars = this.#hostScalars(
        indices.map((i) => memories[i]!),
        parameters[indices[0]!]!.dtype,
      );
      for (const i of indices) this.#apply(parameters[i]!, gradients[i]!, memories[i]!, scalars);
    }
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
    const initial = (slot: Slot): Tensor => saved?.tensors[`${index}.${slot}`] ?? zerosLike(parameter);
    const slots = new Map(this.slots().map((slot) => [slot, new Variable(initial(slot), { name: slot })]));
    const memory = { steps: saved?.numbers[`${index}.step`] ?? 0, slots };
    this.#memories.set(parameter, memory);
    return memory;
  }

  #mismatches(state: OptimizerState, index: number, parameter: Variable): string[] {
    const problems = state.numbers[`${index}.step`] === undefined ? [`${index}.step is missing`] : [];
    const expected = `${parameter.dtype} [${parameter.shape.join(", ")}]`;
    for (const slot of this.slots()) {
      const value = state.tensors[`${index}.${slot}`];
      const given = value && `${value.dtype} [${value.shape.join(", ")}]`;
      if (given !== expected) problems.push(`${index}.${slot} is ${given ?? "missing"}, not ${expected}`);
    }
    return problems;
  }

  /** The scalars as tensors; executing the step that holds them advances the step counts. */
  #hostScalars(memories: readonly Memory[], dtype: Dtype): Record<Scalar, Tensor> {
    const names = Object.keys(this.scalars(memories[0]!.steps + 1));
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
        return Object.values<number>(this.scalars(done + 1));
      },
      { shape: [names.length], dtype },
    );
    return Object.fromEntries(names.map((name, i) => [name, values.slice(i)])) as Record<Scalar, Tensor>;
  }

  #apply(parameter: Variable, gradient: Tensor, memory: Memory, scalars: Record<Scalar, Tensor>): void {
    const state = Object.fromEntries<Tensor>(memory.slots) as Record<Slot, Tensor>;
    const uphill = this.options.maximize ? gradient.neg() : gradient;
    const updated = this.rule(parameter, uphill, state, scalars);
    for (const [slot, variable] of memory.slots) {
      const value = updated[slot as Slot];
      if (value) variable.assign(value);
    }
    parameter.assign(updated.parameter);
  }
}
