import {
  foldIdentity,
  foldOperator,
  type DotKernel,
  type GatherKernel,
  type Kernel,
  type MapKernel,
  type ReduceKernel,
  type ScatterAddKernel,
} from "@chainrule/core";
import { binary, checkDtype } from "./arithmetic.ts";
import { ExpressionWriter, inputsFor, sizeOf, spaceOf, Sources } from "./expression.ts";
import { extentOf, type Source, type Stage } from "./inputs.ts";
import { mostElements, type Target } from "./target.ts";
import { Writer } from "./writer.ts";

/** Folds longer than this are split over several threads. */
const longFold = 512;

/** Outputs that keep a device busy, however long the fold of each is. */
const manyOutputs = 2 ** 16;

/** Over how many threads each of `length` folds of so many terms is split. */
function partsOf(terms: number, length: number): number {
  if (terms < longFold || length >= manyOutputs) return 1;
  const parts = 2 ** Math.ceil(Math.log2(Math.sqrt(terms)));
  // Terms and parts are counted through, and what is repeated along an axis may be more than any tensor is.
  return Math.max(terms, length * parts) > mostElements ? 1 : parts;
}

/** The programs that compute a kernel, in order; the last gives its output. */
export function render(kernel: Kernel, target: Target): Stage[] {
  for (const dtype of kernel.inputs) checkDtype(dtype);
  switch (kernel.kind) {
    case "map":
      return renderMap(kernel, target);
    case "reduce":
      return renderReduce(kernel, target);
    case "dot":
      return renderDot(kernel, target);
    case "gather":
      return renderGather(kernel, target);
    case "scatterAdd":
      return renderScatterAdd(kernel, target);
  }
}

function renderMap({ outputs, shape }: MapKernel, target: Target): Stage[] {
  const stages: Stage[] = [];
  const sources = new Sources();
  const inputs = inputsFor(target, stages, (into) => sources.collect(outputs, shape, into));
  const writer = new Writer(target);
  const length = sizeOf(shape);
  const coordinates = writer.split(writer.bind(target.position(length)), shape);
  const value = new ExpressionWriter(writer, inputs, sources).write(outputs[0]!, spaceOf(shape, coordinates));
  writer.line(`return ${value};`);
  stages.push({ program: writer.finish(inputs.sources.length, length), sources: inputs.sources });
  return stages;
}

function renderReduce(kernel: ReduceKernel, target: Target): Stage[] {
  const { op, value, reduced, outputs, shape } = kernel;
  const { dtype } = value;
  const stages: Stage[] = [];
  const sources = new Sources();
  const length = sizeOf(shape);
  const terms = sizeOf(reduced);
  const parts = partsOf(terms, length);
  const fold = (writer: Writer, sum: string, term: string): void =>
    writer.line(`${sum} = ${binary(writer, foldOperator(op), dtype, sum, term)};`);

  /** Folds all terms, or every `parts`-th from `part` on. */
  const foldTerms = (
    writer: Writer,
    write: ExpressionWriter,
    coordinates: readonly string[],
    part: string | null,
  ): string => {
    const sum = writer.variable(foldIdentity(op, dtype));
    const full = [...shape, ...reduced];
    if (part === null) {
      writer.loop(reduced, (inner) => {
        fold(writer, sum, write.write(value, spaceOf(full, [...coordinates, ...inner])));
      });
      return sum;
    }
    writer.loop([Math.ceil(terms / parts)], ([round]) => {
      const term = writer.bind(`${round} * ${parts} + ${part}`);
      writer.line(`if (${term} < ${terms}) {`);
      const inner = writer.split(term, reduced);
      fold(writer, sum, write.write(value, spaceOf(full, [...coordinates, ...inner])));
      writer.line("}");
    });
    return sum;
  };

  let partial: Source | null = null;
  if (parts > 1) {
    const inputs = inputsFor(target, stages, (into) =>
      sources.collect([value], [...shape, ...reduced], into),
    );
    const writer = new Writer(target);
    const at = writer.bind(target.position(length * parts));
    const part = writer.bind(writer.call("remainder", at, parts));
    const coordinates = writer.split(writer.bind(writer.call("quotient", at, parts)), shape);
    const sum = foldTerms(writer, new ExpressionWriter(writer, inputs, sources), coordinates, part);
    writer.line(`return ${sum};`);
    stages.push({
      program: writer.finish(inputs.sources.length, length * parts),
      sources: inputs.sources,
    });
    partial = { kind: "stage", stage: stages.length - 1 };
  }
  const before = partial;
  const inputs = inputsFor(target, stages, (into) => {
    if (before) into.set(before, length * parts);
    else sources.collect([value], [...shape, ...reduced], into);
    sources.collect(outputs, shape, into);
  });
  const writer = new Writer(target);
  const write = new ExpressionWriter(writer, inputs, sources);
  const at = writer.bind(target.position(length));
  const coordinates = writer.split(at, shape);
  let sum: string;
  if (before) {
    sum = writer.variable(foldIdentity(op, dtype));
    writer.loop([parts], ([part]) =>
      fold(writer, sum, writer.bind(inputs.load(before, `${at} * ${parts} + ${part}`))),
    );
  } else {
    sum = foldTerms(writer, write, coordinates, null);
  }
  writer.line(`return ${write.write(outputs[0]!, spaceOf(shape, coordinates, sum))};`);
  stages.push({ program: writer.finish(inputs.sources.length, length), sources: inputs.sources });
  return stages;
}

function renderDot({ a, b, m, n, k, dtype, outputs, shape }: DotKernel, target: Target): Stage[] {
  checkDtype(dtype);
  const stages: Stage[] = [];
  const sources = new Sources();
  const batch = shape.slice(0, -2);
  const inputs = inputsFor(target, stages, (into) => {
    for (const [{ input, offset, batch: strides, row, column }, rows, columns] of [
      [a, m, k],
      [b, k, n],
    ] as const) {
      const map = { offset, strides: [...strides, ...row, ...column], mask: null };
      const source = sources.bound(input);
      into.set(source, Math.max(into.get(source) ?? 1, extentOf(map, [...batch, ...rows, ...columns])));
    }
    sources.collect(outputs, shape, into);
  });
  const writer = new Writer(target);
  const length = sizeOf(shape);
  const coordinates = writer.split(writer.bind(target.position(length)), shape);
  const [i, j] = coordinates.slice(-2) as [string, string];
  const outer = coordinates.slice(0, -2);
  const sum = writer.variable(0);
  const start = (offset: number, strides: readonly number[], index: readonly string[]): string =>
    writer.integer(writer.bind(writer.place({ offset, strides, mask: null }, index)));
  const left = start(a.offset, [...a.batch, ...a.row], [...outer, ...writer.split(i, m)]);
  const right = start(b.offset, [...b.batch, ...b.column], [...outer, ...writer.split(j, n)]);
  writer.loop(k, (step) => {
    const along = (place: string, strides: readonly number[]): string =>
      writer.sum(0, [{ stride: 1, at: place }, ...strides.map((stride, i) => ({ stride, at: step[i]! }))]);
    const x = inputs.load(sources.bound(a.input), along(left, a.column));
    const y = inputs.load(sources.bound(b.input), along(right, b.row));
    // In float32 alone is a product rounded once, with its sum, where that is wider.
    const next =
      dtype === "float32"
        ? `${sum} + ${x} * ${y}`
        : binary(writer, "add", dtype, sum, binary(writer, "mul", dtype, x, y));
    writer.line(`${sum} = ${next};`);
  });
  const result = target.isSingle ? sum : writer.bind(writer.call("mul", sum, writer.number(1)));
  const write = new ExpressionWriter(writer, inputs, sources);
  writer.line(`return ${write.write(outputs[0]!, spaceOf(shape, coordinates, result))};`);
  stages.push({ program: writer.finish(inputs.sources.length, length), sources: inputs.sources });
  return stages;
}

function renderGather({ source: from, index, outputs, shape }: GatherKernel, target: Target): Stage[] {
  const stages: Stage[] = [];
  const sources = new Sources();
  const table = sources.bound(from.input);
  const inputs = inputsFor(target, stages, (into) => {
    const last = Math.max(0, from.axisStride) * (from.axisSize - 1);
    into.set(table, extentOf(from.map, shape) + last);
    sources.collect([index, ...outputs], shape, into);
  });
  const writer = new Writer(target);
  const length = sizeOf(shape);
  const coordinates = writer.split(writer.bind(target.position(length)), shape);
  const write = new ExpressionWriter(writer, inputs, sources);
  const position = write.write(index, spaceOf(shape, coordinates));
  // Out of range nothing must be read; what is found then is NaN.
  const usable = writer.call("guard", position, from.axisSize, position);
  const found = writer.call("eq", usable, position);
  const row = writer.bind(writer.call("toIndex", writer.call("choose", found, position, writer.number(0))));
  const place = writer.sum(from.map.offset, [
    ...from.map.strides.map((stride, axis) => ({ stride, at: coordinates[axis]! })),
    { stride: from.axisStride, at: row },
  ]);
  const value = inputs.load(table, writer.bind(place));
  const result = writer.bind(writer.call("guard", position, from.axisSize, value));
  writer.line(`return ${write.write(outputs[0]!, spaceOf(shape, coordinates, result))};`);
  stages.push({ program: writer.finish(inputs.sources.length, length), sources: inputs.sources });
  return stages;
}

/**
 * There are no atomics: each output looks for what is added to it. Axes that the target's map walks are known from
 * the output's own position, and only the others are searched.
 */
function renderScatterAdd(kernel: ScatterAddKernel, target: Target): Stage[] {
  const { dtype, length, target: to, value, index, shape } = kernel;
  const stages: Stage[] = [];
  const sources = new Sources();
  const inputs = inputsFor(target, stages, (into) => sources.collect([index, value], shape, into));
  const writer = new Writer(target);
  const write = new ExpressionWriter(writer, inputs, sources);
  const at = writer.bind(target.position(length));
  const coordinate = (stride: number, size: number): string => {
    const outer = writer.bind(writer.call("quotient", at, stride));
    return writer.bind(writer.call("remainder", outer, size));
  };
  const row = writer.bind(writer.call("toFloat", coordinate(to.axisStride, to.axisSize)));
  const known = to.map.strides.map((stride, axis) =>
    stride === 0 ? null : coordinate(stride, shape[axis]!),
  );
  const searched = shape.filter((_, axis) => known[axis] === null);
  const sum = writer.variable(0);
  const add = (inner: readonly string[]): void => {
    const rest = [...inner];
    const space = spaceOf(
      shape,
      known.map((name) => name ?? rest.shift()!),
    );
    const position = write.write(index, space);
    writer.line(`if (${position} === ${row}) {`);
    const term = write.write(value, { ...space, known: new Map(space.known) });
    writer.line(`${sum} = ${binary(writer, "add", dtype, sum, term)};`);
    writer.line("}");
  };
  writer.loop(searched, add);
  writer.line(`return ${sum};`);
  stages.push({ program: writer.finish(inputs.sources.length, length), sources: inputs.sources });
  return stages;
}
