import { gradient, type Tensor, tensor, type TypedArray } from "@chainrule/core";
import type { Vertex } from "./graph.ts";

/** The derivatives of a node by one operand, still lazy. */
export interface LocalTensors {
  /** A row of the Jacobian for each element of the node; null where it is left out. */
  readonly rows: readonly Tensor[] | null;
  readonly omitted: string | null;
  readonly passed: Tensor | null;
}

const isFloat = ({ dtype }: Tensor): boolean => dtype.startsWith("float");

/** The local derivatives of a vertex, an entry an operand. */
export function localTensors(vertex: Vertex, upstream: Tensor | undefined, limit: number): LocalTensors[] {
  if (vertex.local === null) return [];
  const { output, places } = vertex.local;
  const reasons = places.map((place) => reasonToOmit(output, place, limit));
  const wanted = places.filter((_, i) => reasons[i] === null);
  const rows = wanted.length === 0 ? [] : jacobians(output, wanted);
  const floats = isFloat(output) ? places.filter(isFloat) : [];
  const passed = upstream === undefined || floats.length === 0 ? [] : gradient(output, floats, { upstream });
  return places.map((place, i) => ({
    rows: reasons[i] === null ? rows[wanted.indexOf(place)]! : null,
    omitted: reasons[i]!,
    passed: passed[floats.indexOf(place)] ?? null,
  }));
}

function reasonToOmit(output: Tensor, place: Tensor, limit: number): string | null {
  if (!isFloat(output) || !isFloat(place)) {
    return `only floats have derivatives, and this is ∂ ${output.dtype} / ∂ ${place.dtype}`;
  }
  const size = output.size * place.size;
  return size > limit ? `${output.size} × ${place.size} elements, more than the limit of ${limit}` : null;
}

/** For each of `places` the rows ∂output[k]/∂place, one backward pass for each element of the output. */
function jacobians(output: Tensor, places: readonly Tensor[]): Tensor[][] {
  const { size, shape, dtype } = output;
  const passes = Array.from({ length: size }, (_, k) => {
    const unit = Float64Array.from({ length: size }, (_, i) => (i === k ? 1 : 0));
    return gradient(output, places, { upstream: tensor(unit, { shape, dtype }) });
  });
  return places.map((_, i) => passes.map((row) => row[i]!));
}

/** Rows one under the other. */
export async function jacobianRows(rows: readonly Tensor[]): Promise<TypedArray> {
  const parts = await Promise.all(rows.map((row) => row.data()));
  const joined = parts.flatMap((part) => [...part]);
  return parts[0] instanceof Float64Array ? Float64Array.from(joined) : Float32Array.from(joined);
}
