import { open } from "../impl/chainrule-gpu.ts";
import { Server } from "../process/serve.ts";

// What runs in the browser: the host calls `answer` with one request after the other.
const server = new Server(open, "");
Object.assign(globalThis, { answer: server.answer.bind(server) });
