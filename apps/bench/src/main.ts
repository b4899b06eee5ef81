import { open, writeFile } from "node:fs/promises";
import { CommanderError } from "commander";
import { exitCodeOf, parseArguments, type Settings } from "./arguments.ts";
import { htmlReport } from "./report/html.ts";
import { notesOf } from "./report/notes.ts";
import { benchTables, markdownTable, plainTable, rooflineTables } from "./report/tables.ts";
import { isWrong } from "./row.ts";
import { run } from "./run.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Progress goes where it disturbs no table: one line that is overwritten, or nowhere. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

/** Finds out before the work whether a report can be written; what is there already stays until then. */
async function refuseUnwritable(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  const file = await open(path, "a");
  await file.close();
}

async function bench({ only, impl, threads, quick, gpu, markdown, json, html }: Settings): Promise<number> {
  await refuseUnwritable(json);
  await refuseUnwritable(html);
  const show = markdown ? markdownTable : plainTable;
  const outcome = await run(
    { benches: only, implementations: impl, threads, quick, hardware: gpu },
    {
      log: progress,
      finished(bench, rows, versions) {
        progress("");
        for (const table of benchTables(bench, rows, versions)) print(`${show(table)}\n`);
      },
    },
  );
  for (const table of rooflineTables(outcome.report)) print(`${show(table)}\n`);
  print(
    notesOf(outcome)
      .map((line) => `- ${line}`)
      .join("\n"),
  );
  if (json !== undefined) await writeFile(json, `${JSON.stringify(outcome.report, null, 2)}\n`);
  if (html !== undefined) await writeFile(html, htmlReport(outcome));
  // A wrong number is a failure, whosever it is: nothing may be concluded from the others' times.
  return outcome.report.rows.some(isWrong) ? 1 : 0;
}

try {
  process.exitCode = await bench(parseArguments(process.argv.slice(2)));
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = exitCodeOf(error);
  else if (error instanceof Error && "syscall" in error) {
    console.error(`error: ${error.message}`);
    process.exitCode = 2;
  } else throw error;
}
