import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FormatError } from "@chainrule/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Checksum, download, DownloadError } from "../src/node/download.ts";

const content = Buffer.from("the quick brown fox");
const sha256: Checksum = { algorithm: "sha256", hex: createHash("sha256").update(content).digest("hex") };
const md5: Checksum = { algorithm: "md5", hex: createHash("md5").update(content).digest("hex") };

describe("download", () => {
  let folder: string;
  let path: string;
  let server: Server;
  let url: string;
  let requests: number;
  let answer: RequestListener;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "chainrule-download-"));
    path = join(folder, "cache", "file");
    requests = 0;
    answer = (_, response) => response.end(content);
    server = createServer((request, response) => {
      requests++;
      answer(request, response);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  /** Whatever went wrong, the cache must hold nothing: no file, no part of one. */
  async function fails(expected: typeof DownloadError | typeof FormatError, message: RegExp, options = {}) {
    const attempt = download(url, path, { checksum: sha256, ...options });
    await expect(attempt).rejects.toThrow(expected);
    await expect(attempt).rejects.toThrow(message);
    expect(await readdir(join(folder, "cache"))).toEqual([]);
  }

  it.each([sha256, md5])(
    "keeps a file with the right $algorithm and does not fetch it again",
    async (checksum) => {
      await download(url, path, { checksum });
      await download(url, path, { checksum });
      expect(await readFile(path)).toEqual(content);
      expect(requests).toBe(1);
      expect(await readdir(join(folder, "cache"))).toEqual(["file"]);
    },
  );

  it("fetches a kept file again where it is damaged", async () => {
    await download(url, path, { checksum: sha256 });
    await writeFile(path, "the quick brown f");
    await download(url, path, { checksum: sha256 });
    expect(await readFile(path)).toEqual(content);
    expect(requests).toBe(2);
  });

  it("refuses a wrong checksum and names both", async () => {
    answer = (_, response) => response.end("something else");
    await fails(
      FormatError,
      new RegExp(`checksum mismatch: expected sha256 ${sha256.hex}, received 14 bytes`),
    );
  });

  it("says what the server answered", async () => {
    answer = (_, response) => response.writeHead(404).end("no such file");
    await fails(DownloadError, /404 Not Found/);
  });

  it("refuses a body that ends early", async () => {
    answer = (_, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 5), () => response.destroy());
    };
    await fails(DownloadError, /the download failed/);
  });

  it("refuses more than the bytes allowed", async () => {
    await fails(DownloadError, /more than the 10 bytes/, { maxBytes: 10 });
  });

  it("gives up on a server that goes silent", async () => {
    answer = (_, response) => void response.write("the quick");
    await fails(DownloadError, /no data for 50 ms/, { stallMilliseconds: 50 });
  });

  it("names the address where nobody answers", async () => {
    server.close();
    server.closeAllConnections();
    await fails(DownloadError, /^http:\/\/127\.0\.0\.1:\d+\/file: the download failed: .*ECONNREFUSED/);
  });

  it("ends with the caller's reason when it is aborted", async () => {
    const controller = new AbortController();
    answer = () => controller.abort(new Error("enough"));
    await expect(download(url, path, { signal: controller.signal })).rejects.toThrow("enough");
    expect(await readdir(join(folder, "cache"))).toEqual([]);
  });

  it("follows redirects and unpacks transport encodings without taking them for a cut-off body", async () => {
    const { gzipSync } = await import("node:zlib");
    answer = (request, response) => {
      if (request.url === "/file") return void response.writeHead(302, { location: "/moved" }).end();
      const packed = gzipSync(content);
      response.writeHead(200, { "content-encoding": "gzip", "content-length": packed.length }).end(packed);
    };
    await download(url, path, { checksum: sha256 });
    expect(await readFile(path)).toEqual(content);
  });
});
