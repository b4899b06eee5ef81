import { createInterface } from "node:readline";
import type { Answer, Answers, Command, Request } from "./protocol.ts";

/** Answers the requests that come on stdin until it ends. */
export async function answerLines(answer: (request: Request) => Promise<Answers[Command]>): Promise<void> {
  // Frameworks greet and warn on stdout, which belongs to the answers.
  for (const method of ["log", "info", "debug", "warn"] as const) console[method] = console.error;
  for await (const line of createInterface({ input: process.stdin })) {
    let reply: Answer;
    try {
      reply = { result: await answer(JSON.parse(line) as Request) };
    } catch (error) {
      reply = { error: error instanceof Error ? error.message : String(error) };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}
