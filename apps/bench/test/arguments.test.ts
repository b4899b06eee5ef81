import { CommanderError } from "commander";
import { describe, expect, test } from "vitest";
import { exitCodeOf, parseArguments } from "../src/arguments.ts";
import { benches, implementations, nearest } from "../src/names.ts";

/** What is printed for bad arguments, and the exit code. */
function refusal(...argv: string[]): { readonly message: string; readonly exitCode: number } {
  let message = "";
  const output = { writeErr: (text: string) => void (message += text), writeOut: () => {} };
  try {
    parseArguments(argv, output);
  } catch (error) {
    if (error instanceof CommanderError) return { message, exitCode: exitCodeOf(error) };
    throw error;
  }
  throw new Error("the arguments were accepted");
}

describe("arguments", () => {
  test("without any, everything runs", () => {
    const { only, impl, quick, json } = parseArguments([]);
    expect(only).toEqual(benches);
    expect(impl).toEqual(implementations);
    expect(quick).toBe(false);
    expect(parseArguments([]).gpu).toBe(false);
    expect(parseArguments(["--gpu"]).gpu).toBe(true);
    expect(json).toBeUndefined();
  });

  test("names and threads are lists, in any order, once each", () => {
    const argv = [
      "--only",
      "startup,matmul",
      "--impl",
      "torch",
      "--impl",
      "chainrule-cpu,torch",
      "--threads",
      "2,1,2",
    ];
    const settings = parseArguments(argv);
    expect(settings.only).toEqual(["matmul", "startup"]);
    expect(settings.impl).toEqual(["chainrule-cpu", "torch"]);
    expect(settings.threads).toEqual([1, 2]);
  });

  test("--quick leaves out training to an accuracy, the browser and second threads, unless they are asked for", () => {
    expect(parseArguments(["--quick"]).threads).toEqual([1]);
    expect(parseArguments(["--quick", "--threads", "2"]).threads).toEqual([2]);
    expect(parseArguments(["--quick"]).only).not.toContain("mnist-to-97");
    expect(parseArguments(["--quick"]).impl).not.toContain("chainrule-gpu");
    expect(parseArguments(["--quick", "--impl", "chainrule-gpu"]).impl).toEqual(["chainrule-gpu"]);
    expect(parseArguments(["--quick", "--only", "mnist-to-97"]).only).toEqual(["mnist-to-97"]);
  });

  test.each([
    [["--ony", "matmul"], "--only"],
    [["--only", "matmull"], "matmul"],
    [["--only", "mlp"], "mlp-step"],
    [["--impl", "pytorch"], "torch"],
    [["--impl", "chainrule-wsam"], "chainrule-wasm"],
  ])("%j: the nearest name is suggested, exit code 2", (argv, suggestion) => {
    const { message, exitCode } = refusal(...argv);
    expect(message).toContain(`Did you mean ${suggestion}?`);
    expect(exitCode).toBe(2);
  });

  test.each([
    [["--threads", "0"], "whole numbers from 1 to 64"],
    [["--threads", "two"], "whole numbers from 1 to 64"],
    [["--only", "xyzzyxyzzy"], "There are: matmul"],
    [["matmul"], "too many arguments"],
    [["--json"], "argument missing"],
  ])("%j is refused", (argv, reason) => {
    const { message, exitCode } = refusal(...argv);
    expect(message).toContain(reason);
    expect(exitCode).toBe(2);
  });

  test("--help is no fault", () => {
    expect(refusal("--help").exitCode).toBe(0);
  });

  test("nothing is near a word that is like nothing", () => {
    expect(nearest("qqqqqqqq", benches)).toBeUndefined();
  });
});
