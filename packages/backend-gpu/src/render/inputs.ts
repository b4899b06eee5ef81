import { BackendError, type Expression, type IndexMap } from "@chainrule/core";
import type { Program } from "./program.ts";
import { mostElements, type Target } from "./target.ts";
import { Writer } from "./writer.ts";

/** Where an argument of a program comes from. */
export type Source =
  /** A buffer that is bound to the kernel. */
  | { readonly kind: "bound"; readonly input: number }
  /** What an earlier stage computed. */
  | { readonly kind: "stage"; readonly stage: number }
  /** Integers that only the host computes exactly, one for each index of `shape`. */
  | { readonly kind: "host"; readonly expression: Expression; readonly shape: readonly number[] };

/** One program of a kernel. */
export interface Stage {
  readonly program: Program;
  readonly sources: readonly Source[];
}

/** What a writer reads from: an argument of the program, and where in it the source begins. */
interface Argument {
  readonly position: number;
  readonly base: number;
}

interface Pending {
  readonly source: Source;
  /** Elements that are read, at most. */
  readonly extent: number;
  /** Sources that lie in it, with the element at which each begins. */
  readonly members: readonly { readonly source: Source; readonly base: number }[];
}

/**
 * The arguments of one program. A shader reads few textures: where there are more sources, the smallest are first
 * copied into one, behind each other.
 */
export class Inputs {
  readonly sources: readonly Source[];
  readonly #arguments = new Map<Source, Argument>();

  constructor(target: Target, wanted: ReadonlyMap<Source, number>, stages: Stage[]) {
    let pending = [...wanted].map(([source, extent]): Pending => ({
      source,
      extent,
      members: [{ source, base: 0 }],
    }));
    if (pending.length > target.maxInputs) pending = pending.toSorted((x, y) => y.extent - x.extent);
    while (pending.length > target.maxInputs) {
      const count = Math.min(target.maxInputs, pending.length - target.maxInputs + 1);
      const together = pending.slice(-count);
      stages.push(joined(target, together));
      let base = 0;
      const members = together.flatMap((entry) => {
        const start = base;
        base += entry.extent;
        return entry.members.map((member) => ({ source: member.source, base: start + member.base }));
      });
      if (base > mostElements) {
        throw new BackendError(
          `gpu: an operation reads ${wanted.size} large tensors at once, and this device takes ${target.maxInputs}; ` +
            "realize() a part of it first",
        );
      }
      const source: Source = { kind: "stage", stage: stages.length - 1 };
      pending = [{ source, extent: base, members }, ...pending.slice(0, -count)];
    }
    this.sources = pending.map(({ source }) => source);
    pending.forEach(({ members }, position) => {
      for (const { source, base } of members) this.#arguments.set(source, { position, base });
    });
  }

  /** The element of a source at `place`. */
  load(source: Source, place: string): string {
    const { position, base } = this.#arguments.get(source)!;
    return `a${position}[${base === 0 ? place : `${place} + ${base}`}]`;
  }
}

/** A program that copies its arguments behind each other. */
function joined(target: Target, parts: readonly Pending[]): Stage {
  const writer = new Writer(target);
  const length = parts.reduce((sum, { extent }) => sum + extent, 0);
  const at = writer.bind(target.position(length));
  const value = writer.variable(0);
  let base = 0;
  parts.forEach(({ extent }, i) => {
    const place = base === 0 ? at : `${at} - ${base}`;
    writer.line(`if (${at} >= ${base}) { if (${at} < ${base + extent}) { ${value} = a${i}[${place}]; } }`);
    base += extent;
  });
  writer.line(`return ${value};`);
  return { program: writer.finish(parts.length, length), sources: parts.map(({ source }) => source) };
}

/** One more than the furthest element that a map points to in a space of this shape. */
export function extentOf({ offset, strides }: IndexMap, shape: readonly number[]): number {
  return strides.reduce((end, stride, axis) => end + Math.max(0, stride) * (shape[axis]! - 1), offset) + 1;
}
