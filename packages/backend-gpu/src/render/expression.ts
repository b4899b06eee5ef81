import { operandsOf, type Expression } from "@chainrule/core";
import { isForHost } from "../host/integers.ts";
import { binary, cast, checkDtype, unary } from "./arithmetic.ts";
import { extentOf, Inputs, type Source, type Stage } from "./inputs.ts";
import type { Target } from "./target.ts";
import type { Writer } from "./writer.ts";

/** An index space: its shape, the names of an index's coordinates, and what is computed at it already. */
export interface Space {
  readonly shape: readonly number[];
  readonly coordinates: readonly string[];
  /** The name of what `result` stands for. */
  readonly result?: string;
  readonly known: Map<Expression, string>;
}

export const spaceOf = (
  shape: readonly number[],
  coordinates: readonly string[],
  result?: string,
): Space => ({ shape, coordinates, known: new Map(), ...(result === undefined ? {} : { result }) });

/** What the programs of one kernel read: each bound buffer is one source, and so is each expression for the host. */
export class Sources {
  readonly #bound = new Map<number, Source>();
  readonly #host = new Map<Expression, Source>();

  bound(input: number): Source {
    let source = this.#bound.get(input);
    if (!source) this.#bound.set(input, (source = { kind: "bound", input }));
    return source;
  }

  host(expression: Expression, shape: readonly number[]): Source {
    let source = this.#host.get(expression);
    if (!source) this.#host.set(expression, (source = { kind: "host", expression, shape }));
    return source;
  }

  /** The sources of an expression over a space of this shape, with how far each is read. */
  collect(roots: readonly Expression[], shape: readonly number[], into: Map<Source, number>): void {
    const seen = new Set<Expression>();
    const pending = [...roots];
    const need = (source: Source, extent: number): void => {
      into.set(source, Math.max(into.get(source) ?? 1, extent));
    };
    while (pending.length > 0) {
      const node = pending.pop()!;
      if (seen.has(node)) continue;
      seen.add(node);
      checkDtype(node.dtype);
      if (isForHost(node)) need(this.host(node, shape), sizeOf(shape));
      else if (node.kind === "load") need(this.bound(node.input), extentOf(node.map, shape));
      else pending.push(...operandsOf(node));
    }
  }
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);

/** Gathers what a program reads. */
export function inputsFor(
  target: Target,
  stages: Stage[],
  collect: (into: Map<Source, number>) => void,
): Inputs {
  const wanted = new Map<Source, number>();
  collect(wanted);
  return new Inputs(target, wanted, stages);
}

/** Writes the computation of an expression at the index of a space and gives its name. */
export class ExpressionWriter {
  readonly #writer: Writer;
  readonly #inputs: Inputs;
  readonly #sources: Sources;

  constructor(writer: Writer, inputs: Inputs, sources: Sources) {
    this.#writer = writer;
    this.#inputs = inputs;
    this.#sources = sources;
  }

  write(root: Expression, space: Space): string {
    const { known } = space;
    // Without recursion, since chains may be long.
    const pending = [root];
    while (pending.length > 0) {
      const node = pending.at(-1)!;
      const missing =
        known.has(node) || isForHost(node) ? [] : operandsOf(node).filter((operand) => !known.has(operand));
      if (missing.length > 0) {
        pending.push(...missing);
        continue;
      }
      pending.pop();
      if (!known.has(node)) known.set(node, this.#one(node, space));
    }
    return known.get(root)!;
  }

  #one(node: Expression, space: Space): string {
    const writer = this.#writer;
    const name = (operand: Expression): string => space.known.get(operand)!;
    if (isForHost(node)) return this.#fromHost(node, space);
    switch (node.kind) {
      case "const":
        return writer.number(node.value);
      case "result":
        return space.result!;
      case "load":
      case "index":
      case "valid":
        return this.#mapped(node, space);
      case "random":
        return this.#fromHost(node, space);
      case "unary":
        return writer.bind(unary(writer, node.op, node.dtype, name(node.x)));
      case "cast":
        return writer.bind(cast(writer, node.x.dtype, node.dtype, name(node.x)));
      case "binary":
        return writer.bind(binary(writer, node.op, node.x.dtype, name(node.x), name(node.y)));
      case "where":
        return writer.bind(writer.call("choose", name(node.condition), name(node.x), name(node.y)));
    }
  }

  #fromHost(node: Expression, { shape, coordinates }: Space): string {
    const writer = this.#writer;
    let stride = sizeOf(shape);
    const terms = coordinates.map((at, axis) => ({ at, stride: (stride /= shape[axis]!) }));
    const place = writer.bind(writer.sum(0, terms));
    return writer.bind(this.#inputs.load(this.#sources.host(node, shape), place));
  }

  #mapped(
    node: Extract<Expression, { kind: "load" | "index" | "valid" }>,
    { shape, coordinates }: Space,
  ): string {
    const writer = this.#writer;
    const { map } = node;
    const inside = writer.mask(map, coordinates, shape);
    if (node.kind === "valid")
      return inside === null ? writer.number(1) : writer.bind(writer.call("toFloat", inside));
    const place = writer.place(map, coordinates);
    // Behind a mask the place may be nowhere.
    const at = writer.bind(inside === null ? place : `${inside} * (${place})`);
    const value =
      node.kind === "index"
        ? writer.call("toFloat", at)
        : this.#inputs.load(this.#sources.bound(node.input), at);
    return writer.bind(inside === null ? value : writer.call("masked", inside, value));
  }
}
