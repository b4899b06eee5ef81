export interface Example {
  readonly code: string;
  /** Packages of this project that the example imports, in order. */
  readonly packages: readonly string[];
}

/** The README's example: its first TypeScript block that imports something. */
export function readmeExample(readme: string): Example {
  for (const [, code = ""] of readme.matchAll(/^```(?:ts|typescript|js|javascript)\n(.*?)^```$/gms)) {
    const packages = [...code.matchAll(/from "(@chainrule\/[^"/]+)/g)].map(([, name = ""]) => name);
    if (packages.length > 0) return { code, packages: [...new Set(packages)] };
  }
  throw new Error("README.md has no TypeScript block that imports a package of this project");
}
