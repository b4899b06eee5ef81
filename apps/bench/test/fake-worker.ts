// A worker whose answers are chosen by its argument: right, wrong, dying, silent or talkative.
import { createInterface } from "node:readline";
import { referenceProduct } from "../src/reference/product.ts";
import { encode, type Request } from "../src/process/protocol.ts";

const [behaviour = "right"] = process.argv.slice(2);

function answer(request: Request): unknown {
  switch (request.command) {
    case "open":
      if (behaviour === "broken") throw new Error("no such framework");
      return { version: "1.0.0", mode: "fake", threads: request.threads };
    case "check": {
      if (request.work.kind !== "product") throw new Error("not supported");
      const result = Float32Array.from(referenceProduct(request.work.n));
      if (behaviour === "wrong") result[1]! += 0.01;
      return { result: encode(result) };
    }
    case "run":
      if (behaviour === "dying") process.exit(3);
      return { milliseconds: request.times * (behaviour === "slow" ? 2 : 1) };
    default:
      return null;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  if (behaviour === "silent" && request.command === "prepare") continue;
  if (behaviour === "talkative") console.log("Welcome!\n[1, 2]\nnull");
  try {
    console.log(JSON.stringify({ result: answer(request) }));
  } catch (error) {
    console.log(JSON.stringify({ error: (error as Error).message }));
  }
}
