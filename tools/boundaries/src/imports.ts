import { parseSync } from "oxc-parser";

export interface Import {
  /** The module specifier as written. */
  readonly specifier: string;
  /** 1-based line of the specifier. */
  readonly line: number;
  /** True when only types cross, so that nothing is left at run time. */
  readonly typeOnly: boolean;
}

/** Every static, re-exported and literal dynamic import of a TypeScript source. */
export function importsOf(file: string, source: string): Import[] {
  const { module, errors } = parseSync(file, source);
  const fatal = errors.find((error) => (error.severity as string) === "Error");
  if (fatal) throw new SyntaxError(`${file}: ${fatal.message}`);
  // Keyed by position: `import { a } from "x"; export { a }` lists the one specifier twice.
  const found = new Map<number, { specifier: string; typeOnly: boolean }>();
  for (const { moduleRequest, entries } of module.staticImports) {
    const typeOnly = entries.length > 0 && entries.every((entry) => entry.isType);
    found.set(moduleRequest.start, { specifier: moduleRequest.value, typeOnly });
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) {
      if (!moduleRequest) continue;
      const earlier = found.get(moduleRequest.start);
      const typeOnly = isType && (earlier?.typeOnly ?? true);
      found.set(moduleRequest.start, { specifier: moduleRequest.value, typeOnly });
    }
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const literal = /^(["'`])(.*)\1$/s.exec(source.slice(moduleRequest.start, moduleRequest.end));
    const specifier = literal?.[2];
    if (specifier !== undefined) found.set(moduleRequest.start, { specifier, typeOnly: false });
  }
  return [...found]
    .toSorted(([a], [b]) => a - b)
    .map(([start, { specifier, typeOnly }]) => ({
      specifier,
      line: source.slice(0, start).split("\n").length,
      typeOnly,
    }));
}
