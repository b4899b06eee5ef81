/** Every implementation, in the order of the report's columns. */
export const implementations = [
  "chainrule-cpu",
  "chainrule-wasm",
  "chainrule-gpu",
  "tfjs-cpu",
  "tfjs-wasm",
  "jax-js-wasm",
  "torch",
] as const;
export type ImplementationName = (typeof implementations)[number];

/** Those that can be given a number of threads; the others have one in Node, whatever is asked. */
export const threaded: ReadonlySet<ImplementationName> = new Set(["chainrule-wasm", "torch"]);

/** Every bench, in the order in which they run. */
export const benches = [
  "matmul",
  "elementwise",
  "mlp-step",
  "tiny-step",
  "conv",
  "cnn-step",
  "lstm-step",
  "attention-step",
  "mnist-to-97",
  "startup",
  "memory",
  "size",
] as const;
export type BenchName = (typeof benches)[number];

/** Edits (insert, delete, replace, swap neighbours) between two words. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
      }
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** The known name that a misspelt one is nearest to; undefined where none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, edits: distance(word.toLowerCase(), name) }))
    .sort((a, b) => a.edits - b.edits);
  const [best] = ranked;
  // A beginning such as "mlp" is meant as the whole, however long that is.
  const begun = known.find((name) => word.length > 1 && name.startsWith(word.toLowerCase()));
  return begun ?? (best && best.edits <= Math.max(2, word.length / 2) ? best.name : undefined);
}
