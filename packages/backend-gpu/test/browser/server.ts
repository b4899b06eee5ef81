import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { take } from "@chainrule/data";
import { mnistFromPackage } from "@chainrule/data/node";
import { build, type Rolldown } from "vite";

/** Serves the page of the tests on this machine. */
export interface TestServer {
  /** Isolated pages may share memory between threads. */
  readonly url: (isolated: boolean) => string;
  readonly close: () => void;
}

const html = '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>';

const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** Bundles the page with all that it imports. */
async function bundle(): Promise<string> {
  const outputs = await build({
    configFile: false,
    logLevel: "error",
    root: import.meta.dirname,
    build: {
      write: false,
      minify: false,
      target: "esnext",
      lib: { entry: join(import.meta.dirname, "page.ts"), formats: ["es"], fileName: "page" },
      rolldownOptions: { onwarn: () => {}, external: ["gl", "os", "worker_threads"] },
    },
  });
  const [{ output }] = outputs as Rolldown.RolldownOutput[] as [Rolldown.RolldownOutput];
  return output[0].code;
}

/** The first digits of a set: for each, 784 bytes of image and one of its label. */
async function digits(count: number, set: "train" | "test"): Promise<Uint8Array> {
  const mnist = await mnistFromPackage(import.meta.url);
  const { x, y } = mnist[set].columns;
  const used = take(mnist[set], count).length;
  const bytes = new Uint8Array(used * 785);
  bytes.set(x.data.subarray(0, used * 784));
  bytes.set(Uint8Array.from(y.data.subarray(0, used)), used * 784);
  return bytes;
}

export async function serve(): Promise<TestServer> {
  const code = await bundle();
  const server: Server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const send = (type: string, body: string | Uint8Array): void => {
      response.writeHead(200, { "Content-Type": type, ...(pathname === "/open" ? {} : isolation) }).end(body);
    };
    if (pathname === "/page.js") send("text/javascript", code);
    else if (pathname === "/digits") {
      const set = searchParams.get("set") === "test" ? "test" : "train";
      void digits(Number(searchParams.get("count")), set).then((bytes) =>
        send("application/octet-stream", bytes),
      );
    } else send("text/html", html);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (isolated) => `http://localhost:${port}/${isolated ? "" : "open"}`,
    close: () => void server.close(),
  };
}
