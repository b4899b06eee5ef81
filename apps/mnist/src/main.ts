import { BackendError, ChainruleError } from "@chainrule/core";
import { CommanderError } from "commander";
import { createProgram } from "./arguments.ts";
import { predictCommand } from "./predict-command.ts";
import { trainCommand } from "./train-command.ts";

/** Exit codes: 0 done, 1 failed, 2 bad arguments, 130 and 143 ended by a signal with the weights saved. */
const failed = 1;
const badArguments = 2;

const program = createProgram({
  train: async (settings) => {
    process.exitCode = await trainCommand(settings);
  },
  predict: predictCommand,
});

// A reader that goes away, such as `head`, is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Says what went wrong, our own errors without the stack that only a bug needs. */
function report(error: unknown): number {
  // commander has printed its message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : badArguments;
  if (!(error instanceof ChainruleError)) {
    console.error(error);
    return failed;
  }
  console.error(`error: ${error.message}`);
  return error instanceof BackendError ? badArguments : failed;
}
