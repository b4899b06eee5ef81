import type { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../src/arguments.ts";

/** What the actions are given, or the error with what is printed. */
async function parse(...args: string[]): Promise<unknown> {
  let result: unknown;
  let printed = "";
  const program = createProgram({
    train: async (settings) => void (result = settings),
    predict: async (settings) => void (result = settings),
  });
  for (const command of [program, ...program.commands]) {
    command.configureOutput({ writeErr: (text) => (printed += text), writeOut: (text) => (printed += text) });
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return result;
  } catch (error) {
    return { exitCode: (error as CommanderError).exitCode, printed };
  }
}

describe("the command line", () => {
  it("has a default for everything", async () => {
    expect(await parse()).toEqual({
      swapAt: [],
      model: "mlp",
      epochs: 5,
      batchSize: 64,
      optimizer: "adam",
      seed: 1,
      augment: false,
    });
    expect(await parse("predict", "digit.png")).toMatchObject({ file: "digit.png" });
  });

  it("takes every flag", async () => {
    const flags = "--backend x --model linear --epochs 2 --batch-size 8 --lr 1e-2 --optimizer sgd --seed 0";
    const paths = "--augment --data d --limit 9 --json j --save s";
    expect(await parse(...flags.split(" "), ...paths.split(" "))).toEqual({
      backend: "x",
      model: "linear",
      epochs: 2,
      batchSize: 8,
      lr: 0.01,
      optimizer: "sgd",
      seed: 0,
      augment: true,
      data: "d",
      limit: 9,
      json: "j",
      save: "s",
      swapAt: [],
    });
    const swaps = await parse("--swap-at", "20:wasm", "--swap-at", "40:cpu");
    expect(swaps).toMatchObject({
      swapAt: [
        { step: 20, backend: "wasm" },
        { step: 40, backend: "cpu" },
      ],
    });
  });

  it.each([
    [["--epocs", "3"], /unknown option '--epocs'\n\(Did you mean --epochs\?\)/],
    [["--batchsize", "3"], /Did you mean --batch-size\?/],
    [["predict", "x.png", "--weigths", "w"], /Did you mean --weights\?/],
    [["--swap-at", "gpu"], /Expected STEP:BACKEND/],
    [["--swap-at", "0:gpu"], /whole number of at least 1/],
    [["--epochs", "0"], /'--epochs <n>' argument '0' is invalid\. Expected a whole number of at least 1/],
    [["--epochs", "1e3"], /whole number/],
    [["--limit", "-5"], /whole number/],
    [["--lr", "0"], /number above 0/],
    [["--lr", "fast"], /number above 0/],
    [["--seed", "4294967296"], /whole number from 0 to 4294967295/],
    [["--model", "cnn"], /Allowed choices are mlp, linear, lenet/],
    [["--json"], /argument missing/],
    [["predikt", "x.png"], /unknown command 'predikt'\. There is only: predict FILE\.png/],
    [["predict"], /missing required argument 'file'/],
    [["predict", "a.png", "b.png"], /too many arguments/],
  ])("refuses %j with a message of its own", async (args, message) => {
    const { exitCode, printed } = (await parse(...args)) as { exitCode: number; printed: string };
    expect(printed).toMatch(message);
    expect(exitCode).not.toBe(0);
  });
});
