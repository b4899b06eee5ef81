import type { HelperName } from "./helper.ts";

/** A kernel's text for gpu.js, one call an element of its output, with all that it refers to. */
export interface Program {
  /** `function (a0, a1, …) { … }` */
  readonly source: string;
  readonly inputs: number;
  /** Elements of the output. */
  readonly length: number;
  readonly helpers: ReadonlySet<HelperName>;
  /** Numbers passed by name, as `this.constants`. */
  readonly constants: Readonly<Record<string, number>>;
}
