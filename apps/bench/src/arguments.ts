import { Command, type CommanderError, InvalidArgumentError, Option } from "commander";
import { benches, type BenchName, implementations, type ImplementationName, nearest } from "./names.ts";
import { defaultThreads } from "./run.ts";

/** What the command line asked for. */
export interface Settings {
  readonly only: readonly BenchName[];
  readonly impl: readonly ImplementationName[];
  readonly threads: readonly number[];
  readonly quick: boolean;
  readonly markdown: boolean;
  readonly json?: string;
  readonly html?: string;
  /** Whether the browser gets the machine's own graphics adapter. */
  readonly gpu: boolean;
}

/** What was given; null where a default depends on the rest. */
type Parsed = {
  [K in keyof Settings]: K extends "only" | "impl" | "threads" ? Settings[K] | null : Settings[K];
};

/** Reads names with commas between them; given twice, the option adds up. */
function namesOf<T extends string>(what: string, known: readonly T[]) {
  let given = new Set<T>();
  return (text: string): T[] => {
    const wanted = text.split(",").map((name) => name.trim());
    for (const name of wanted) {
      if ((known as readonly string[]).includes(name)) continue;
      const near = nearest(name, known);
      const hint = near === undefined ? `There are: ${known.join(", ")}.` : `Did you mean ${near}?`;
      throw new InvalidArgumentError(`There is no ${what} "${name}". ${hint}`);
    }
    given = new Set([...given, ...(wanted as T[])]);
    return known.filter((name) => given.has(name));
  };
}

function threadCounts(text: string): number[] {
  const counts = text.split(",").map((count) => {
    const value = Number(count);
    if (!/^\s*\d+\s*$/.test(count) || value < 1 || value > 64) {
      throw new InvalidArgumentError("Expected whole numbers from 1 to 64 with commas between them.");
    }
    return value;
  });
  return [...new Set(counts)].sort((a, b) => a - b);
}

/** The command line. Bad arguments throw a CommanderError after commander has said what is wrong with them. */
export function parseArguments(
  argv: readonly string[],
  output: { readonly writeErr?: (text: string) => void; readonly writeOut?: (text: string) => void } = {},
): Settings {
  const program = new Command("bench")
    .description("Run Chainrule beside its peers: the same work, on this machine, in turns.")
    .addOption(
      new Option("--only <benches>", `of ${benches.join(", ")}`)
        .argParser(namesOf("bench", benches))
        .default(null, "all; with --quick all but mnist-to-97"),
    )
    .addOption(
      new Option("--impl <names>", `of ${implementations.join(", ")}`)
        .argParser(namesOf("implementation", implementations))
        .default(null, "all; with --quick all but chainrule-gpu"),
    )
    .addOption(
      new Option("--threads <counts>", "for implementations that have a choice, for example 1,2")
        .argParser(threadCounts)
        .default(null, "1,2 where there are two cores; with --quick 1"),
    )
    .addOption(new Option("--quick", "fewer cases and repetitions: about a minute").default(false))
    .addOption(
      new Option(
        "--gpu",
        "chainrule-gpu on the machine's own graphics adapter, not on one in software",
      ).default(false),
    )
    .addOption(new Option("--markdown", "print the tables as Markdown").default(false))
    .addOption(new Option("--json <file>", "write the figures"))
    .addOption(new Option("--html <file>", "write one page with charts"))
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput(output);
  program.parse(argv, { from: "user" });
  const { only, impl, threads, ...options } = program.opts<Parsed>();
  // Training to an accuracy cannot be made brief: it runs where it is asked for by name.
  const brief = benches.filter((name) => name !== "mnist-to-97");
  // Neither can a browser, least of all one that has to do a GPU's work in software.
  const inNode = implementations.filter((name) => name !== "chainrule-gpu");
  return {
    ...options,
    only: only ?? (options.quick ? brief : benches),
    impl: impl ?? (options.quick ? inNode : implementations),
    threads: threads ?? (options.quick ? [1] : defaultThreads()),
  };
}

/** The exit code of what `parseArguments` threw: help is no fault. */
export const exitCodeOf = (error: CommanderError): number => (error.exitCode === 0 ? 0 : 2);
