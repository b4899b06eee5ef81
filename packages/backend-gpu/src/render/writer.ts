import type { IndexMap } from "@chainrule/core";
import { nameOf, type HelperName } from "./helper.ts";
import type { Program } from "./program.ts";
import type { Target } from "./target.ts";

/** Writes the text of one kernel, statement by statement; values are names or short texts. */
export class Writer {
  readonly target: Target;
  readonly #lines: string[] = [];
  readonly #helpers = new Set<HelperName>();
  readonly #constants = new Map<number, string>();
  #names = 0;

  constructor(target: Target) {
    this.target = target;
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  /** A fresh constant of this value. */
  bind(value: string): string {
    const name = `v${this.#names++}`;
    this.line(`const ${name} = ${value};`);
    return name;
  }

  /** A fresh variable that starts with this float. */
  variable(value: number): string {
    const name = `v${this.#names++}`;
    this.line(`let ${name} = ${this.number(value)};`);
    return name;
  }

  number(value: number): string {
    return this.target.literal(value, this.#constants);
  }

  call(helper: HelperName, ...operands: readonly (string | number)[]): string {
    this.#helpers.add(helper);
    return `${nameOf(helper)}(${operands.join(", ")})`;
  }

  /**
   * A named integer for sums in a loop. In shaders gpu.js keeps names of integers as floats, with which sums are slower,
   * save those of counters.
   */
  integer(value: string): string {
    if (!this.target.isShader) return value;
    const name = `v${this.#names++}`;
    this.line(`let ${name} = 0; ${name}++; ${name} = ${this.call("whole", value)};`);
    return name;
  }

  /** The coordinates in a row-major space of this shape of a position in it. */
  split(position: string, shape: readonly number[]): string[] {
    const coordinates: string[] = [];
    let rest = position;
    for (let axis = shape.length - 1; axis > 0; axis--) {
      coordinates.unshift(this.bind(this.call("remainder", rest, shape[axis]!)));
      rest = this.bind(this.call("quotient", rest, shape[axis]!));
    }
    return [rest, ...coordinates];
  }

  /** A loop over a row-major space of this shape. */
  loop(shape: readonly number[], body: (coordinates: readonly string[]) => void): void {
    const names = shape.map(() => `k${this.#names++}`);
    names.forEach((name, axis) => this.line(`for (let ${name} = 0; ${name} < ${shape[axis]!}; ${name}++) {`));
    body(names);
    for (const _ of names) this.line("}");
  }

  /** Where a map points. */
  place({ offset, strides }: IndexMap, coordinates: readonly string[]): string {
    const terms = strides.map((stride, axis) => ({ stride, at: coordinates[axis]! }));
    return this.sum(offset, terms);
  }

  /** `offset + Σ stride·at`, an integer. */
  sum(offset: number, terms: readonly { readonly stride: number; readonly at: string }[]): string {
    const product = ({ stride, at }: { stride: number; at: string }): string =>
      Math.abs(stride) === 1 ? at : `${at} * ${Math.abs(stride)}`;
    const added = terms.filter(({ stride }) => stride > 0).map(product);
    const taken = terms.filter(({ stride }) => stride < 0).map(product);
    // Where nothing is added, a negative offset is behind a mask.
    if (added.length + taken.length === 0) return this.call("whole", Math.max(0, offset));
    if (offset > 0 || added.length === 0) added.unshift(String(Math.max(0, offset)));
    if (offset < 0) taken.push(String(-offset));
    return [added.join(" + "), ...taken].join(" - ");
  }

  /** 1 inside the mask of a map, else 0; null where there is no mask. */
  mask({ mask }: IndexMap, coordinates: readonly string[], shape: readonly number[]): string | null {
    if (mask === null) return null;
    const tests: string[] = [];
    mask.forEach(([low, high], axis) => {
      if (low <= 0 && high >= shape[axis]!) return;
      tests.push(this.call("within", coordinates[axis]!, Math.max(0, low), Math.max(0, high)));
    });
    return tests.length > 0 ? this.bind(tests.join(" * ")) : null;
  }

  finish(inputs: number, length: number): Program {
    const names = Array.from({ length: inputs }, (_, i) => `a${i}`);
    const constants = Object.fromEntries([...this.#constants].map(([value, name]) => [name, value]));
    return {
      source: `function (${names.join(", ")}) {\n${this.#lines.join("\n")}\n}`,
      inputs,
      length,
      helpers: this.#helpers,
      constants: { zero: 0, ...constants },
    };
  }
}
