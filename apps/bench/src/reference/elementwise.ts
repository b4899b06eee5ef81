import type { ElementwiseCase } from "../case.ts";
import { elementwiseInputs } from "../inputs.ts";

/** What an elementwise case gives, in float64. */
export function referenceElementwise(work: ElementwiseCase): Float64Array {
  const { x, y } = elementwiseInputs(work);
  switch (work.op) {
    case "chain":
      return Float64Array.from(x, (value, i) => Math.abs(Math.max(value * y[i]! + value, 0) - y[i]!));
    case "exp":
      return Float64Array.from(x, Math.exp);
    case "sum":
      return Float64Array.of(x.reduce((sum, value) => sum + value, 0));
    case "softmax": {
      const result = Float64Array.from(x, Math.exp);
      for (let start = 0; start < result.length; start += work.columns) {
        const row = result.subarray(start, start + work.columns);
        const sum = row.reduce((total, value) => total + value, 0);
        row.forEach((value, i) => (row[i] = value / sum));
      }
      return result;
    }
  }
}
