/** A ceiling on what an entry point costs a page, in bytes of minified and gzipped JavaScript. */
export interface SizeBudget {
  readonly name: string;
  /** Under `tools/budget/entries/`. */
  readonly entry: string;
  readonly maxBytes: number;
  /** Count only what this entry adds to that one. */
  readonly beyond?: string;
  /** Skip while this package is not in the workspace. */
  readonly needs?: string;
}

export const sizeBudgets: readonly SizeBudget[] = [
  { name: "core + backend-cpu + nn + optim, MLP", entry: "mlp.ts", maxBytes: 40_000 },
  {
    name: "backend-wasm adds",
    entry: "mlp-wasm.ts",
    beyond: "mlp.ts",
    maxBytes: 20_000,
    needs: "backend-wasm",
  },
];

/** No source file grows past this; most are far below. */
export const maxFileLines = 600;
