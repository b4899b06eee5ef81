import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

export interface FileLines {
  readonly file: string;
  readonly lines: number;
}

/** Every TypeScript file of the workspace with its line count, longest first. */
export function fileLines(root: string): FileLines[] {
  const folders = ["packages", "apps", "tools"].flatMap((top) =>
    existsSync(join(root, top))
      ? readdirSync(join(root, top)).flatMap((name) =>
          ["src", "test"].map((part) => join(root, top, name, part)),
        )
      : [],
  );
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
    )
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({
      file: relative(root, file),
      lines: readFileSync(file, "utf8").replace(/\n$/, "").split("\n").length,
    }))
    .toSorted((a, b) => b.lines - a.lines);
}
