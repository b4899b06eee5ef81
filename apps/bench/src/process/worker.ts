// A worker: `node worker.ts FILE PEERS`, FILE exporting `open`, PEERS the folder of installed peers.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import type { Open } from "../impl/implementation.ts";
import type { Answer, Request } from "./protocol.ts";
import { Server } from "./serve.ts";

const [file = "", peers = ""] = process.argv.slice(2);
// Imported when the first request comes: how long that takes is one of the things to be measured.
const open: Open = async (options) => {
  const module = (await import(pathToFileURL(file).href)) as { open: Open };
  return module.open(options);
};
// Frameworks greet and warn on stdout, which belongs to the answers.
for (const method of ["log", "info", "debug", "warn"] as const) console[method] = console.error;

const server = new Server(open, peers);
for await (const line of createInterface({ input: process.stdin })) {
  let answer: Answer;
  try {
    answer = { result: await server.answer(JSON.parse(line) as Request) };
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
// Threads of a framework must not outlive the last request.
process.exit(0);
