import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { type Import, importsOf } from "./imports.ts";
import { bundled, appScope, mayImport, nodeEntries, scope } from "./rules.ts";

interface Manifest {
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface Source {
  readonly file: string;
  readonly imports: readonly Import[];
}

const builtins = new Set(builtinModules);

/** True for `node:fs` and for its bare spelling `fs`. */
function isBuiltin(specifier: string): boolean {
  return specifier.startsWith("node:") || builtins.has(specifier);
}

/** `@scope/name/sub` → `@scope/name`, `name/sub` → `name`. */
function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Every TypeScript source under a folder, with its imports; none when the folder is missing. */
function sourcesUnder(folder: string): Source[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((file) => ({ file, imports: importsOf(file, readFileSync(file, "utf8")) }));
}

/** Files reachable at run time from an entry through relative imports. */
function reachable(entry: string, byFile: ReadonlyMap<string, Source>): Set<string> {
  const seen = new Set<string>();
  const queue = [entry];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    const source = byFile.get(file);
    if (!source || seen.has(file)) continue;
    seen.add(file);
    for (const { specifier, typeOnly } of source.imports) {
      if (specifier.startsWith(".") && !typeOnly) queue.push(resolve(dirname(file), specifier));
    }
  }
  return seen;
}

/** The violations of one package's sources; each line says where, what, and what to do. */
function checkPackage(root: string, room: string): string[] {
  const folder = join(root, "packages", room);
  const allowed = mayImport[room];
  if (!allowed) return [`packages/${room}: not in the table; add it to tools/boundaries/src/rules.ts`];
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
  const sources = sourcesUnder(join(folder, "src"));
  const problems: string[] = [];

  for (const name of declared) {
    const target = name.startsWith(scope) ? name.slice(scope.length) : undefined;
    if (target !== undefined && !allowed.includes(target)) {
      problems.push(`packages/${room}/package.json: ${room} may not depend on ${target}`);
    }
  }
  for (const { file, imports } of sources) {
    for (const { specifier, line } of imports) {
      const at = `${relative(root, file)}:${line}`;
      if (specifier.startsWith(".")) {
        if (relative(join(folder, "src"), resolve(dirname(file), specifier)).startsWith("..")) {
          problems.push(`${at}: "${specifier}" leaves the package's src; import the other package by name`);
        }
        continue;
      }
      if (isBuiltin(specifier)) continue;
      const name = packageName(specifier);
      const target = name.startsWith(scope) ? name.slice(scope.length) : undefined;
      if (target === room) {
        problems.push(`${at}: a package imports itself by relative path, not as "${specifier}"`);
      } else if (target !== undefined && !allowed.includes(target)) {
        problems.push(
          `${at}: ${room} may not import ${target} (it may import ${allowed.join(", ") || "nothing"})`,
        );
      } else if (!declared.has(name) && !bundled[room]?.includes(name)) {
        problems.push(`${at}: "${name}" is imported but is no dependency or peer dependency of ${room}`);
      }
    }
  }
  problems.push(...checkEntries(root, folder, manifest, sources));
  return problems;
}

/** Builtins may be reached from node entries only, so that the others load in a browser. */
function checkEntries(
  root: string,
  folder: string,
  manifest: Manifest,
  sources: readonly Source[],
): string[] {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const problems: string[] = [];
  for (const [entry, target] of Object.entries(manifest.exports ?? {})) {
    if (!target.endsWith(".ts") || nodeEntries.includes(entry)) continue;
    for (const file of reachable(resolve(folder, target), byFile)) {
      for (const { specifier, line, typeOnly } of byFile.get(file)?.imports ?? []) {
        const nodeOnly = isBuiltin(specifier) || /^@chainrule\/[^/]+\/node$/.test(specifier);
        if (nodeOnly && !typeOnly) {
          problems.push(
            `${relative(root, file)}:${line}: entry "${entry}" reaches "${specifier}"; only ${nodeEntries.join(", ")} may`,
          );
        }
      }
    }
  }
  return problems;
}

/** Applications sit on top: nothing under `packages/` or `tools/` may import one. */
function checkNoApps(root: string): string[] {
  const rooms = ["packages", "tools"].flatMap((top) => roomSources(root, top));
  return rooms.flatMap(({ file, imports }) =>
    imports
      .filter(({ specifier }) =>
        specifier.startsWith(".")
          ? relative(join(root, "apps"), resolve(dirname(file), specifier)).split("/")[0] !== ".."
          : specifier.startsWith(appScope),
      )
      .map(({ specifier, line }) => `${relative(root, file)}:${line}: "${specifier}" is an application`),
  );
}

function roomSources(root: string, top: string): Source[] {
  const folder = join(root, top);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) =>
    ["src", "test"].flatMap((part) => sourcesUnder(join(folder, name, part))),
  );
}

/** All violations of the import rules in the repository at `root`. */
export function checkBoundaries(root: string): string[] {
  const rooms = readdirSync(join(root, "packages")).filter((name) =>
    existsSync(join(root, "packages", name, "package.json")),
  );
  return [...rooms.flatMap((room) => checkPackage(root, room)), ...checkNoApps(root)];
}
