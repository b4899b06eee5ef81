import type { Expression, IndexMap, Kernel, DotOperand } from "../backend/kernel.ts";
import { contiguousStrides, type Shape } from "../shape.ts";
import type { Attributes } from "../graph/node.ts";
import type { Group } from "./group.ts";
import type { Run } from "./operand.ts";
import { forEachView, type Leaf, type Term } from "./term.ts";
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

/** An expression and the number of its line in the key. */
interface Written {
  readonly id: number;
  readonly expression: Expression;
}

/** The first element that a view reads; 0 where it may read none. */
function firstOf({ shape, strides, offset, mask }: View): number {
  let first = offset;
  for (const [axis, stride] of strides.entries()) {
    const [low, high] = mask?.[axis] ?? [0, shape[axis]!];
    if (low >= high) return 0;
    first += stride * (stride < 0 ? Math.min(high, shape[axis]!) - 1 : Math.max(low, 0));
  }
  return first;
}

/** How far back from where they begin runs reach. */
const reachBack = (runs: readonly Run[], i: number): number =>
  runs.reduce((sum, { size, strides }) => sum + Math.min(0, strides[i]!) * (size - 1), 0);

/** Where reads of each buffer begin: kernels that differ in nothing else are one, bound to other stretches. */
function startsOf(group: Group): Map<Value, number> {
  const starts = new Map<Value, number>();
  const see = ({ source, kind, view }: Leaf, back = 0): void => {
    if (source === null) return;
    const holder = holderOf(source);
    const first = kind === "load" ? firstOf(view) + back : 0;
    starts.set(holder, Math.min(first, starts.get(holder) ?? Infinity));
  };
  for (const term of [...group.coreTerms, ...group.members.map(({ term }) => term)]) {
    forEachView(term, (leaf) => leaf.kind === "valid" || see(leaf));
  }
  const core = group.core?.core;
  if (core?.kind === "dot") {
    see(core.a, reachBack(core.m, 0) + reachBack(core.k, 0));
    see(core.b, reachBack(core.n, 0) + reachBack(core.k, 1));
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
    const { dtype } = term;
    switch (term.kind) {
      case "const": {
        const text = Object.is(term.value, -0) ? "-0" : String(term.value);
        return this.#share(axes, `const ${text} ${dtype}`, () => ({
          kind: "const",
          dtype,
          value: term.value,
        }));
      }
      case "load": {
        const source = term.source!;
        if (source === this.#group.core)
          return this.#share(axes, `result ${dtype}`, () => ({ kind: "result", dtype }));
        const member = this.#group.members.find(({ value }) => value === source);
        return member ? this.write(member.term, axes) : this.#leaf(term, axes);
      }
      case "index":
      case "random":
        return this.#leaf(term, axes);
      case "valid": {
        const map = mapOf(term.view, axes);
        return this.#share(axes, `valid ${textOf(map)}`, () => ({ kind: "valid", dtype: "bool", map }));
      }
      case "unary": {
        const x = this.write(term.x, axes);
        return this.#share(axes, `${term.op} ${x.id}`, () => ({
          kind: "unary",
          dtype,
          op: term.op,
          x: x.expression,
        }));
      }
      case "cast": {
        const x = this.write(term.x, axes);
        return this.#share(axes, `cast ${dtype} ${x.id}`, () => ({ kind: "cast", dtype, x: x.expression }));
      }
      case "binary": {
        const x = this.write(term.x, axes);
        const y = this.write(term.y, axes);
        return this.#share(axes, `${term.op} ${dtype} ${x.id} ${y.id}`, () => ({
          kind: "binary",
          dtype,
          op: term.op,
          x: x.expression,
          y: y.expression,
        }));
      }
      case "where": {
        const condition = this.write(term.condition, axes);
        const x = this.write(term.x, axes);
        const y = this.write(term.y, axes);
        return this.#share(axes, `where ${condition.id} ${x.id} ${y.id}`, () => ({
          kind: "where",
          dtype,
          condition: condition.expression,
          x: x.expression,
          y: y.expression,
        }));
      }
    }
  }

  #leaf({ kind, dtype, source, view }: Leaf, axes: Axes): Written {
    const map = mapOf(view, axes, kind === "load" ? this.start(source!) : 0);
    if (source === null)
      return this.#share(axes, `index ${textOf(map)}`, () => ({ kind: "index", dtype: "int32", map }));
    const input = this.input(source);
    return this.#share(axes, `${kind} ${input} ${dtype} ${textOf(map)}`, () =>
      kind === "load" ? { kind, dtype, input, map } : { kind: "random", dtype: "int32", input, map },
    );
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
