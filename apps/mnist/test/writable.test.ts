import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureWritableFile, ensureWritableFolder, NotWritableError } from "../src/writable.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chainrule-writable-"));
});

afterEach(() => rm(folder, { recursive: true }));

describe("ensureWritableFolder", () => {
  it("makes the folder and leaves nothing in it", async () => {
    const deep = join(folder, "a", "b");
    await ensureWritableFolder(deep, 1000, "--save");
    await ensureWritableFolder(deep, 1000, "--save");
    expect(await readdir(deep)).toEqual([]);
  });

  it("says why a place cannot be written", async () => {
    await writeFile(join(folder, "file"), "");
    const below = ensureWritableFolder(join(folder, "file", "x"), 1, "--save");
    await expect(below).rejects.toThrow(NotWritableError);
    await expect(below).rejects.toThrow(
      /^--save .*file.x: cannot be written: a file is in the way\. Nothing was trained$/,
    );
  });

  it.runIf(process.platform === "linux")("comes back from places where no folder can be made", async () => {
    await expect(ensureWritableFolder("/proc/chainrule/x", 1, "--save")).rejects.toThrow(NotWritableError);
  });
});

describe("ensureWritableFile", () => {
  it("touches neither a file that is there nor one that is not", async () => {
    const path = join(folder, "report.json");
    await ensureWritableFile(path, 1000, "--json");
    expect(await readdir(folder)).toEqual([]);
    await writeFile(path, "old");
    await ensureWritableFile(path, 1000, "--json");
    expect(await readFile(path, "utf8")).toBe("old");
  });

  it("says why a file cannot be written", async () => {
    await expect(ensureWritableFile(join(folder, "a", "b"), 1, "--json")).rejects.toThrow(
      /the folder does not exist/,
    );
    await expect(ensureWritableFile(folder, 1, "--json")).rejects.toThrow(/it is a folder/);
  });

  it.runIf(process.platform === "linux")("finds a full disk out", async () => {
    await expect(ensureWritableFile("/dev/full", 1, "--json")).rejects.toThrow(/the disk is full/);
    await ensureWritableFile("/dev/null", 1, "--json");
  });
});
