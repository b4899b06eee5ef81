// A worker whose work is done in a browser: `node host.ts CHROMIUM`, with requests as in protocol.ts. It serves the page
// to a Chromium without a window and hands the requests on.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { launch, type Page } from "@chainrule-tools/chromium";
import { answerLines } from "../process/answer-lines.ts";
import type { Answers, Command, Opened, Request } from "../process/protocol.ts";
import { bundlePage } from "./bundle-page.ts";

const [executable = "", ...options] = process.argv.slice(2);

/** Isolated pages have the finest clock. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const html = '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>';

const code = await bundlePage();
const server = createServer((request, response) => {
  const isScript = request.url === "/page.js";
  response.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html", ...isolation });
  response.end(isScript ? code : request.url === "/" ? html : "");
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await launch(executable, { hardware: options.includes("--hardware") });

async function openPage(): Promise<Page> {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error));
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("globalThis.answer !== undefined");
  return page;
}

const page = await openPage();

async function answer(request: Request): Promise<Answers[Command]> {
  const answered = await page.evaluate(`answer(${JSON.stringify(request)})`);
  if (request.command !== "open") return answered as Answers[Command];
  const opened = answered as Opened;
  return { ...opened, mode: `${opened.mode}, Chromium ${browser.version()}` };
}

try {
  await answerLines(answer);
} finally {
  await browser.close();
  server.close();
}
