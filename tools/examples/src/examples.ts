import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

const root = join(import.meta.dirname, "../../..");

/** A block of TypeScript in a README. */
export interface Example {
  /** The file, as seen from the top of the repository. */
  readonly readme: string;
  /** The line after the opening fence, counted from 1. */
  readonly line: number;
  readonly code: string;
}

/** Blocks fenced as `ts` are programs; anything that is not one is fenced otherwise. */
export function examplesOf(readme: string, text: string): Example[] {
  const examples: Example[] = [];
  for (const match of text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)) {
    const line = text.slice(0, match.index).split("\n").length + 1;
    examples.push({ readme, line, code: match[1]! });
  }
  return examples;
}

/** The READMEs of the repository, of the packages and of the apps. */
export function readmes(): string[] {
  const rooms = ["packages", "apps"].flatMap((room) =>
    readdirSync(join(root, room)).map((name) => join(root, room, name, "README.md")),
  );
  return [join(root, "README.md"), ...rooms].map((path) => relative(root, path));
}

export const textOf = (readme: string): string => readFileSync(join(root, readme), "utf8");
