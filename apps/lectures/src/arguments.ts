import { join } from "node:path";
import { Command } from "commander";
import { type Lecture, lectures } from "./lectures.ts";

/** What the command line asks for. */
export interface Settings {
  /** The scripts to run; null for a list of what there is. */
  readonly chosen: readonly Lecture[] | null;
  /** Whether all were asked for, and so a gallery page. */
  readonly all: boolean;
  readonly out: string;
  readonly json?: string;
}

/** Reads the command line. Throws a CommanderError for what it does not understand, which is printed. */
export function parseArguments(args: readonly string[]): Settings {
  const program = new Command("lectures")
    .description("Run the numbered scripts of the lectures. Without a number: list them.")
    .argument("[numbers...]", `numbers of scripts, or "all"`)
    .option("--json <file>", "write the numbers and whether they reach their targets")
    .option("--out <dir>", "where figures, and with all the gallery page, are written", defaultOut)
    .exitOverride()
    .parse(args, { from: "user" });
  const numbers = program.args;
  const options = program.opts<{ json?: string; out: string }>();
  if (numbers.length === 0) return { ...options, chosen: null, all: false };
  if (numbers.includes("all")) return { ...options, chosen: lectures, all: true };
  const chosen = numbers.map((number) => {
    const known = lectures.find(({ id }) => String(id) === number.replace(/^0/, ""));
    if (known) return known;
    const ids = lectures.map(({ id }) => id).join(", ");
    return program.error(`error: there is no script ${number}; there are ${ids}, and all`, { exitCode: 2 });
  });
  return { ...options, chosen, all: false };
}

/** Where figures go unless told otherwise, below the working folder. */
export const defaultOut: string = join(".chainrule", "lectures");
