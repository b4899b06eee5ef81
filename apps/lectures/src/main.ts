import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CommanderError } from "commander";
import { defaultOut, parseArguments, type Settings } from "./arguments.ts";
import { galleryPage } from "./gallery/page.ts";
import { linesOf, rowOf } from "./gallery/report.ts";
import { type Run, runLecture } from "./gallery/run.ts";
import { ideaOf, lectures } from "./lectures.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs what was asked for, one after another, and writes what they drew; 1 where a number was missed. */
async function main({ chosen, all, out, json }: Settings): Promise<number> {
  if (chosen === null) {
    for (const lecture of lectures) {
      print(`${String(lecture.id).padStart(2)}  ${lecture.name}\n    ${ideaOf(lecture)}`);
    }
    print("\npnpm lectures 8 runs one, pnpm lectures all runs all and makes a page of them");
    return 0;
  }
  await mkdir(out, { recursive: true });
  // Keeps what is written by default out of the user's git without touching files of theirs.
  if (out === defaultOut) await writeFile(join(dirname(defaultOut), ".gitignore"), "*\n");
  const runs: Run[] = [];
  for (const lecture of chosen) {
    const run = await runLecture(lecture);
    runs.push(run);
    for (const line of linesOf(run)) print(line);
    for (const path of await writeFigures(run, out)) print(`      ${path}`);
  }
  if (all) {
    const path = join(out, "index.html");
    await writeFile(path, galleryPage(runs));
    print(`\n${path}: all figures and numbers`);
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ rows: runs.map(rowOf) }, null, 2)}\n`);
  const kept = runs.filter(({ result }) => result?.ok).length;
  print(`${kept} of ${runs.length} reach their numbers`);
  return kept === runs.length ? 0 : 1;
}

/** Each figure as a file of its own, named for its script. */
function writeFigures({ lecture, result }: Run, out: string): Promise<string[]> {
  const stem = lecture.file.replace(/\.ts$/, "");
  return Promise.all(
    (result?.figures ?? []).map(async (svg, i) => {
      const path = join(out, `${stem}-${i + 1}.svg`);
      await writeFile(path, svg);
      return path;
    }),
  );
}

// A reader that goes away, such as `head`, is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  process.exitCode = await main(parseArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Its message has been printed.
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
