import type { Expression, IndexMap, Kernel, DotOperand } from "../backend/kernel.ts";
import { contiguousStrides, type Shape } from "../shape.ts";
import type { Attributes } from "../graph/node.ts";
import type { Group } from "./group.ts";
import type { Run } from "./operand.ts";
import { forEachView, operandsOf, type Leaf, type Term, type Valid } from "./term.ts";
import { holderOf, type Core, type Value } from "./value.ts";
import { View, type Range } from "./view.ts";

/** What a kernel is bound to: the elements of a value's buffer from `start` on. */
export interface Binding {
  readonly value: Value;
  readonly start: number;
}

/** A kernel with the values whose buffers it is bound to. */
export interface EmittedKernel {
  readonly kernel: Kernel;
  readonly inputs: readonly Binding[];
  readonly outputs: readonly Binding[];
}

/** Axes that every view walks as one: each entry lists adjacent axes of the index space, outermost first. */
type Axes = readonly (readonly number[])[];

const unmasked = (view: View, axis: number): boolean => {
  const range = view.mask?.[axis];
  return range === undefined || (range[0] <= 0 && range[1] >= view.shape[axis]!);
};

/** Merges adjacent axes from `from` to before `to` wherever all views allow it; axes of size 1 vanish. */
function mergeAxes(shape: Shape, from: number, to: number, views: readonly View[]): Axes {
  const axes: number[][] = [];
  for (let axis = from; axis < to; axis++) {
    if (shape[axis] === 1 && views.every((view) => unmasked(view, axis))) continue;
    const outer = axes.at(-1)?.at(-1);
    const merges =
      outer !== undefined &&
      views.every(
        (view) =>
          unmasked(view, outer) &&
          unmasked(view, axis) &&
          view.strides[outer] === view.strides[axis]! * view.shape[axis]!,
      );
    if (merges) axes.at(-1)!.push(axis);
    else axes.push([axis]);
  }
  return axes;
}

const sizesOf = (shape: Shape, axes: Axes): number[] =>
  axes.map((merged) => merged.reduce((size, axis) => size * shape[axis]!, 1));

function mapOf(view: View, axes: Axes, start = 0): IndexMap {
  const ranges = axes.map((merged, i): Range => {
    const size = sizesOf(view.shape, axes)[i]!;
    return merged.length === 1 && view.mask ? view.mask[merged[0]!]! : [0, size];
  });
  const masked =
    view.mask !== null && axes.some((merged) => merged.length === 1 && !unmasked(view, merged[0]!));
  const strides = axes.map((merged) => (merged.length > 0 ? view.strides[merged.at(-1)!]! : 0));
  return { offset: view.offset - start, strides, mask: masked ? ranges : null };
}

const textOf = (map: IndexMap): string =>
  `${map.offset}/${map.strides.join()}${map.mask ? `/${map.mask.map((range) => range.join("-")).join()}` : ""}`;

const textOfNumber = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

/** An expression and the number of its line in the key. */
interface Written {
  readonly id: number;
  readonly expression: Expression;
}

/**
 * Where reads of each buffer begin: kernels that differ in nothing else are one, bound to other stretches. 0 where masks
 * or backward strides make that no plain offset.
 */
function startsOf(group: Group): Map<Value, number> {
  const starts = new Map<Value, number>();
  const core = group.core?.core;
  const runs = core?.kind === "dot" ? [...core.m, ...core.n, ...core.k] : [];
  const isForward = runs.every(({ strides }) => strides.every((stride) => stride >= 0));
  for (const term of [...group.coreTerms, ...group.members.map((member) => member.term)]) {
    forEachView(term, ({ kind, view, ...rest }) => {
      if (!("source" in rest) || rest.source === null) return;
      const isPlain = kind === "load" && view.mask === null && view.strides.every((stride) => stride >= 0);
      const holder = holderOf(rest.source);
      const start = isPlain && isForward ? view.offset : 0;
      starts.set(holder, Math.min(start, starts.get(holder) ?? start));
    });
  }
  return starts;
}

/** Writes expressions for one kernel: each distinct computation becomes one object and one line of the key. */
class Writer {
  /** The values whose buffers are read. */
  readonly inputs: Value[] = [];
  readonly lines: string[] = [];
  readonly #group: Group;
  readonly #known = new Map<string, Written>();
  readonly #written = new Map<Term, Map<Axes, Written>>();
  readonly #starts: ReadonlyMap<Value, number>;

  constructor(group: Group, cuts: boolean) {
    this.#group = group;
    this.#starts = cuts ? startsOf(group) : new Map();
  }

  input(value: Value): number {
    const holder = holderOf(value);
    const known = this.inputs.indexOf(holder);
    return known >= 0 ? known : this.inputs.push(holder) - 1;
  }

  /** Where in the buffer of a value, or of what it is part of, the kernel's input begins. */
  start(value: Value): number {
    return this.#starts.get(holderOf(value)) ?? 0;
  }

  /** The term over the merged `axes`, and its number in the key. */
  write(term: Term, axes: Axes): Written {
    let byAxes = this.#written.get(term);
    if (byAxes === undefined) this.#written.set(term, (byAxes = new Map()));
    let written = byAxes.get(axes);
    if (written === undefined) byAxes.set(axes, (written = this.#write(term, axes)));
    return written;
  }

  #write(term: Term, axes: Axes): Written {
    if ("view" in term) return this.#leaf(term, axes);
    const operands = operandsOf(term).map(([name, operand]) => [name, this.write(operand, axes)] as const);
    const told = "op" in term ? term.op : "value" in term ? textOfNumber(term.value) : "";
    const text = `${term.kind} ${told} ${term.dtype} ${operands.map(([, { id }]) => id).join(" ")}`;
    const written = operands.map(([name, { expression }]) => [name, expression] as const);
    return this.#share(axes, text, () => ({ ...term, ...Object.fromEntries(written) }) as Expression);
  }

  #leaf(leaf: Leaf | Valid, axes: Axes): Written {
    const { kind, dtype, view } = leaf;
    const source = "source" in leaf ? leaf.source : null;
    if (kind === "load") {
      if (source === this.#group.core)
        return this.#share(axes, `result ${dtype}`, () => ({ kind: "result", dtype }));
      const member = this.#group.members.find(({ value }) => value === source);
      if (member) return this.write(member.term, axes);
    }
    const map = mapOf(view, axes, kind === "load" ? this.start(source!) : 0);
    const input = source && { input: this.input(source) };
    const text = `${kind} ${input?.input ?? ""} ${dtype} ${textOf(map)}`;
    return this.#share(axes, text, () => ({ kind, dtype, ...input, map }) as Expression);
  }

  #share(axes: Axes, text: string, create: () => Expression): Written {
    // An index space of its own has values of its own, also where they read alike.
    const scoped = `${axes.length}: ${text}`;
    let known = this.#known.get(scoped);
    if (known === undefined) {
      known = { id: this.lines.push(scoped) - 1, expression: create() };
      this.#known.set(scoped, known);
    }
    return known;
  }
}

function viewsOf(terms: readonly Term[], group: Group): View[] {
  const views = new Set<View>();
  const own = new Set(group.members.map(({ value }) => value));
  for (const term of terms) {
    forEachView(term, (leaf) => {
      if (leaf.kind === "valid" || leaf.source === null || !own.has(leaf.source)) views.add(leaf.view);
    });
  }
  return [...views];
}

/** Whether a view walks one stretch of a buffer in row-major order, wherever that begins. */
const isRowMajor = ({ shape, strides }: View): boolean => new View(shape, strides).isContiguous;

/** Merges all axes; where none is left there is one of size 1, so that kernels always have a loop. */
function allAxes(shape: Shape, views: readonly View[]): Axes {
  const axes = mergeAxes(shape, 0, shape.length, views);
  return axes.length > 0 ? axes : [[]];
}

/** The kernel that computes a group; with `cuts` it is bound to the stretches of buffers that it needs. */
export function emit(group: Group, cuts: boolean): EmittedKernel {
  const outputs = group.members.filter(({ value }) => value.stored);
  const terms = group.members.map(({ term }) => term);
  const isWhole = outputs.every(({ value, target }) => value.home === null || isRowMajor(target));
  const views = viewsOf(terms, group);
  if (!isWhole) views.push(...outputs.map(({ target }) => target));
  const writer = new Writer(group, cuts);
  const core = group.core?.core ?? null;
  const parts = coreParts(core, group, views, writer);
  const written =
    core?.kind === "scatterAdd" ? [] : outputs.map(({ term }) => writer.write(term, parts.axes));
  const shape = sizesOf(parts.shape, parts.axes);
  const targets = isWhole ? null : outputs.map(({ target }) => mapOf(target, parts.axes, target.offset));
  const key = [
    group.kind,
    targets === null ? parts.text : `${parts.text} to ${targets.map(textOf).join(" ")}`,
    shape.join(),
    writer.inputs.map(({ dtype }) => dtype).join(),
    ...writer.lines,
    written.map(({ id }) => id).join(),
  ].join("\n");
  const kernel = {
    ...parts.fields,
    kind: group.kind,
    inputs: writer.inputs.map(({ dtype }) => dtype),
    outputs:
      core?.kind === "scatterAdd"
        ? [{ kind: "result", dtype: group.core!.dtype }]
        : written.map(({ expression }) => expression),
    ...(targets && { targets }),
    shape,
    key,
  } as Kernel;
  return {
    kernel,
    inputs: writer.inputs.map((value) => ({ value, start: writer.start(value) })),
    outputs: outputs.map(({ value, target }) => ({ value: holderOf(value), start: target.offset })),
  };
}

interface Parts {
  /** The kernel's index space before axes are merged. */
  readonly shape: Shape;
  readonly axes: Axes;
  /** What the kernel says of its core. */
  readonly fields: object;
  /** The same as text, for the key. */
  readonly text: string;
}

function coreParts(core: Core | null, group: Group, views: readonly View[], writer: Writer): Parts {
  const { shape } = group;
  if (core === null) return { shape, axes: allAxes(shape, views), fields: {}, text: "" };
  const { attributes, dtype } = group.core!;
  switch (core.kind) {
    case "reduce": {
      const { op } = attributes as Attributes["reduce"];
      const inside = viewsOf([core.value], group);
      const axes = allAxes(shape, [...views, ...inside]);
      const full = fullShape(group.core!);
      const folded = mergeAxes(full, shape.length, full.length, inside);
      const value = writer.write(core.value, [...axes, ...folded]);
      const reduced = sizesOf(full, folded);
      return {
        shape,
        axes,
        fields: { op, value: value.expression, reduced },
        text: `${op} ${value.id} ${reduced.join()}`,
      };
    }
    case "dot": {
      const rank = shape.length;
      const { a, b, m, n, k } = core;
      const batch = mergeAxes(shape, 0, rank - 2, [...views, a.view, b.view]);
      const axes = [...batch, [rank - 2], [rank - 1]];
      const sizes = (runs: readonly Run[]): number[] => runs.map(({ size }) => size);
      const strides = (runs: readonly Run[], i: number): number[] => runs.map((run) => run.strides[i]!);
      const operand = ({ source, view }: Leaf, row: number[], column: number[]): DotOperand => ({
        input: writer.input(source!),
        offset: view.offset - writer.start(source!),
        batch: batch.map((merged) => view.strides[merged.at(-1)!]!),
        row,
        column,
      });
      const fields = {
        dtype,
        m: sizes(m),
        n: sizes(n),
        k: sizes(k),
        a: operand(a, strides(m, 0), strides(k, 0)),
        b: operand(b, strides(k, 1), strides(n, 0)),
      };
      return { shape, axes, fields, text: JSON.stringify(fields) };
    }
    case "gather": {
      const { axis } = attributes as Attributes["gather"];
      const from = core.source.view;
      const axisStride = from.strides[axis]!;
      const rest = new View(
        shape,
        from.strides.map((stride, i) => (i === axis ? 0 : stride)),
        from.offset - writer.start(core.source.source!),
      );
      const axes = allAxes(shape, [...views, rest, ...viewsOf([core.index], group)]);
      const index = writer.write(core.index, axes);
      const source = {
        input: writer.input(core.source.source!),
        map: mapOf(rest, axes),
        axisStride,
        axisSize: from.shape[axis]!,
      };
      return {
        shape,
        axes,
        fields: { dtype, source, index: index.expression },
        text: `${JSON.stringify(source)} ${index.id} ${dtype}`,
      };
    }
    case "scatterAdd": {
      const { axis } = attributes as Attributes["scatterAdd"];
      const scattered = group.core!.inputs[1]!.shape;
      const strides = contiguousStrides(shape);
      const rest = new View(
        scattered,
        strides.map((stride, i) => (i === axis ? 0 : stride)),
      );
      const axes = allAxes(scattered, [rest, ...viewsOf([core.index, core.value], group)]);
      const index = writer.write(core.index, axes);
      const value = writer.write(core.value, axes);
      const target = { map: mapOf(rest, axes), axisStride: strides[axis]!, axisSize: shape[axis]! };
      const length = group.core!.size;
      return {
        shape: scattered,
        axes,
        fields: { dtype, length, target, index: index.expression, value: value.expression },
        text: `${JSON.stringify(target)} ${length} ${index.id} ${value.id} ${dtype}`,
      };
    }
  }
}

/** The index space of a fold: what is kept, then what is folded. */
function fullShape(fold: Value): Shape {
  const { axes } = fold.attributes as Attributes["reduce"];
  const { shape } = fold.inputs[0]!;
  return [...fold.shape, ...axes.map((axis) => shape[axis]!)];
}
