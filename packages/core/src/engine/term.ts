import type { BinaryOp, UnaryOp } from "../backend/kernel.ts";
import { operandNames } from "../backend/lowering.ts";
import type { Dtype } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import type { Value } from "./value.ts";
import { View } from "./view.ts";

/** What a term reads: an element of a stored value, a position, or random bits under a stored key. */
export interface Leaf {
  readonly kind: "load" | "index" | "random";
  readonly dtype: Dtype;
  /** The stored value, or the key; null for a position. */
  readonly source: Value | null;
  readonly view: View;
}

/** Whether an index is inside the mask of a view. */
export interface Valid {
  readonly kind: "valid";
  readonly dtype: "bool";
  readonly view: View;
}

/** A computation of one element while it is being fused: an expression whose leaves still carry whole views. */
export type Term =
  | Leaf
  | { readonly kind: "const"; readonly dtype: Dtype; readonly value: number }
  | Valid
  | { readonly kind: "unary"; readonly dtype: Dtype; readonly op: UnaryOp; readonly x: Term }
  | { readonly kind: "cast"; readonly dtype: Dtype; readonly x: Term }
  | {
      readonly kind: "binary";
      readonly dtype: Dtype;
      readonly op: BinaryOp;
      readonly x: Term;
      readonly y: Term;
    }
  | {
      readonly kind: "where";
      readonly dtype: Dtype;
      readonly condition: Term;
      readonly x: Term;
      readonly y: Term;
    };

/** Reads a stored value as it lies. */
export const loadOf = (source: Value): Leaf => ({
  kind: "load",
  dtype: source.dtype,
  source,
  view: source.home?.view ?? View.contiguous(source.shape),
});

/** The operands of a term that computes, by name. */
export const operandsOf = (term: Term): [name: string, operand: Term][] =>
  operandNames.flatMap((name): [string, Term][] => (name in term ? [[name, term[name as never]]] : []));

/**
 * The term under another index space: every view moved by `move`. Null where a view cannot follow; sharing within
 * the term is kept.
 */
export function moveTerm(term: Term, move: (view: View) => View | null): Term | null {
  const moved = new Map<Term, Term | null>();
  const visit = (from: Term): Term | null => {
    const known = moved.get(from);
    if (known !== undefined) return known;
    const to = rebuild(from);
    moved.set(from, to);
    return to;
  };
  const rebuild = (from: Term): Term | null => {
    if ("view" in from) {
      const view = move(from.view);
      return view && (view === from.view ? from : { ...from, view });
    }
    let to: Term = from;
    for (const [name, operand] of operandsOf(from)) {
      const operandMoved = visit(operand);
      if (operandMoved === null) return null;
      if (operandMoved !== operand) to = { ...to, [name]: operandMoved };
    }
    return to;
  };
  return visit(term);
}

/** The term padded with zeros: a lone leaf by its mask, anything else by asking whether the index is inside. */
export function padTerm(term: Term, shape: Shape, padding: readonly (readonly [number, number])[]): Term {
  const inside = moveTerm(term, (view) => view.pad(padding))!;
  if ("view" in inside) return inside;
  const valid: Term = { kind: "valid", dtype: "bool", view: View.contiguous(shape).pad(padding) };
  return {
    kind: "where",
    dtype: term.dtype,
    condition: valid,
    x: inside,
    y: { kind: "const", dtype: term.dtype, value: 0 },
  };
}

/** Calls `see` once for each distinct leaf and mask test of a term; gives the number of distinct terms in it. */
export function forEachView(term: Term, see: (leaf: Leaf | Valid) => void): number {
  const seen = new Set<Term>();
  const visit = (at: Term): void => {
    if (seen.has(at)) return;
    seen.add(at);
    if ("view" in at) see(at);
    else for (const [, operand] of operandsOf(at)) visit(operand);
  };
  visit(term);
  return seen.size;
}
