import { FormatError, OptionError, ShapeError, StateError, type TypedArray } from "@chainrule/core";
import type { Fields, HostArray } from "./dataset.ts";

/** What a scaler learnt: out = (x − shift)/scale for each feature. Plain JSON. */
export interface ScalerState {
  readonly kind: "standard" | "minmax";
  /** The shape of one example. */
  readonly shape: readonly number[];
  readonly shift: readonly number[];
  readonly scale: readonly number[];
  /** The range that MinMaxScaler maps to. */
  readonly range?: readonly [number, number];
}

/** An affine map of each feature that remembers what it was fitted to. */
abstract class Scaler {
  protected fitted: ScalerState | null = null;
  protected abstract readonly kind: ScalerState["kind"];

  /** What was learnt, to be stored; `fromState` gives the same transform. @throws StateError before `fit`. */
  get state(): ScalerState {
    if (this.fitted) return this.fitted;
    throw new StateError(`${this.constructor.name}: fit it first, to the training data`);
  }

  protected abstract learn(feature: { mean: number; std: number; min: number; max: number }): {
    shift: number;
    scale: number;
  };

  /**
   * Learns from examples [n, …], each position being a feature; NaN are left out.
   *
   * @throws ShapeError for no example; OptionError for a feature without a finite value.
   */
  fit(data: HostArray): this {
    const [count = 0, ...shape] = data.shape;
    const features = shape.reduce((product, size) => product * size, 1);
    if (count === 0 || data.data.length !== count * features) {
      throw new ShapeError(
        `${this.constructor.name}: cannot fit ${data.data.length} values of shape [${data.shape.join(", ")}]; give [n, …] with n ≥ 1`,
      );
    }
    const learnt = Array.from({ length: features }, (_, feature) =>
      this.learn(statistics(data.data, feature, features, this.constructor.name)),
    );
    this.fitted = {
      kind: this.kind,
      shape,
      shift: learnt.map(({ shift }) => shift),
      scale: learnt.map(({ scale }) => scale),
    };
    return this;
  }

  /** Examples [n, …] scaled; float64 stays float64, all else becomes float32. @throws ShapeError for other features. */
  transform(data: HostArray): HostArray {
    const { shift, scale } = this.state;
    return this.#map(data, (value, i) => (value - shift[i]!) / scale[i]!);
  }

  /** The opposite of `transform`. */
  inverse(data: HostArray): HostArray {
    const { shift, scale } = this.state;
    return this.#map(data, (value, i) => value * scale[i]! + shift[i]!);
  }

  /** For a loader's `map`: the batch with one field scaled. */
  on<K extends string>(field: K): <F extends string>(batch: Fields<F | K>) => Fields<F | K> {
    return (batch) => ({ ...batch, [field]: this.transform(batch[field]) });
  }

  /** For JSON.stringify. */
  toJSON(): ScalerState {
    return this.state;
  }

  #map({ data, shape }: HostArray, change: (value: number, feature: number) => number): HostArray {
    const { shape: expected } = this.state;
    if (shape.slice(1).join() !== expected.join()) {
      throw new ShapeError(
        `${this.constructor.name}: was fitted to examples of [${expected.join(", ")}], and these are [${shape.slice(1).join(", ")}]`,
      );
    }
    const features = this.state.shift.length;
    const out = data instanceof Float64Array ? new Float64Array(data.length) : new Float32Array(data.length);
    for (let i = 0; i < data.length; i++) out[i] = change(data[i]!, i % features);
    return { data: out, shape };
  }
}

function statistics(
  data: TypedArray,
  feature: number,
  features: number,
  who: string,
): { mean: number; std: number; min: number; max: number } {
  let [count, sum, min, max] = [0, 0, Infinity, -Infinity];
  for (let i = feature; i < data.length; i += features) {
    const value = data[i]!;
    if (Number.isNaN(value)) continue;
    count++;
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (count === 0 || !Number.isFinite(sum)) {
    throw new OptionError(`${who}: feature ${feature} has ${count === 0 ? "no value" : "an infinite value"}`);
  }
  const mean = sum / count;
  let squares = 0;
  for (let i = feature; i < data.length; i += features) {
    const value = data[i]!;
    if (!Number.isNaN(value)) squares += (value - mean) ** 2;
  }
  return { mean, std: Math.sqrt(squares / count), min, max };
}

function checkState(state: unknown, kind: ScalerState["kind"], who: string): ScalerState {
  const { kind: seen, shape, shift, scale } = (state ?? {}) as Partial<ScalerState>;
  const numbers = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((value) => typeof value === "number" && Number.isFinite(value));
  const fits =
    seen === kind &&
    numbers(shape) &&
    numbers(shift) &&
    numbers(scale) &&
    shift.length === scale.length &&
    shift.length === shape.reduce((product, size) => product * size, 1) &&
    !scale.includes(0);
  if (!fits) throw new FormatError(`${who}: this is not the state of a ${who}`);
  return state as ScalerState;
}

/** Each feature with mean 0 and variance 1: (x − mean)/σ, σ² = Σ(x − mean)²/n. A constant feature becomes 0. */
export class StandardScaler extends Scaler {
  protected override readonly kind = "standard";

  protected override learn({ mean, std }: { mean: number; std: number }): { shift: number; scale: number } {
    return { shift: mean, scale: std || 1 };
  }

  /** The transform whose `state` was stored. @throws FormatError where it is not one. */
  static fromState(state: ScalerState): StandardScaler {
    const scaler = new StandardScaler();
    scaler.fitted = checkState(state, "standard", "StandardScaler");
    return scaler;
  }
}

/** Each feature from its range in the fit to [low, high]: low + (x − min)/(max − min)·(high − low). A constant becomes low. */
export class MinMaxScaler extends Scaler {
  protected override readonly kind = "minmax";
  readonly range: readonly [number, number];

  /** @throws OptionError unless low < high. */
  constructor(range: readonly [number, number] = [0, 1]) {
    super();
    if (!(range[0] < range[1]))
      throw new OptionError(`MinMaxScaler: range is ${range.join(" to ")}; give low < high`);
    this.range = range;
  }

  protected override learn({ min, max }: { min: number; max: number }): { shift: number; scale: number } {
    const [low, high] = this.range;
    const scale = (max - min) / (high - low) || 1;
    return { shift: min - low * scale, scale };
  }

  override get state(): ScalerState {
    return { ...super.state, range: this.range };
  }

  /** The transform whose `state` was stored. @throws FormatError where it is not one. */
  static fromState(state: ScalerState): MinMaxScaler {
    const checked = checkState(state, "minmax", "MinMaxScaler");
    const scaler = new MinMaxScaler(checked.range);
    scaler.fitted = checked;
    return scaler;
  }
}
