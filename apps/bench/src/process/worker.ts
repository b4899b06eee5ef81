// A worker: `node worker.ts FILE PEERS`, FILE exporting `open`, PEERS the folder of installed peers.
import { pathToFileURL } from "node:url";
import type { Open } from "../impl/implementation.ts";
import { answerLines } from "./answer-lines.ts";
import { peakMemory } from "./peak-memory.ts";
import { reachTarget } from "./reach-target.ts";
import { Server } from "./serve.ts";

const [file = "", peers = ""] = process.argv.slice(2);
// Imported when the first request comes: how long that takes is one of the things to be measured.
const open: Open = async (options) => {
  const module = (await import(pathToFileURL(file).href)) as { open: Open };
  return module.open(options);
};
const server = new Server(open, peers, { peakMemory, reachTarget });
await answerLines((request) => server.answer(request));
// Threads of a framework must not outlive the last request.
process.exit(0);
