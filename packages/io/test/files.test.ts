import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@chainrule/backend-cpu";
import { FormatError, registerBackend, tensor, Variable } from "@chainrule/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadSafetensors, saveSafetensors, writeFileAtomic } from "../src/node.ts";

registerBackend(cpu);

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chainrule-io-"));
  path = join(folder, "model.safetensors");
});

afterEach(() => rm(folder, { recursive: true }));

describe("saveSafetensors and loadSafetensors", () => {
  it("carry tensors, variables and host data of every dtype, with metadata", async () => {
    const weight = new Variable(
      tensor([
        [1, 2],
        [3, 4],
      ]).mul(0.5),
    );
    await saveSafetensors(
      path,
      {
        weight,
        double: tensor(Float64Array.of(Math.PI)),
        count: tensor([1, -2], { dtype: "int32" }),
        mask: tensor([true, false]),
        raw: { dtype: "uint8", shape: [3], data: Uint8Array.of(1, 2, 3) },
      },
      { epoch: "3" },
    );
    const { tensors, metadata } = await loadSafetensors(path);
    expect(metadata).toEqual({ epoch: "3" });
    const seen = Object.entries(tensors).map(async ([name, { dtype, shape }]) => {
      return [name, { dtype, shape, data: [...(await tensors[name]!.data())] }];
    });
    expect(Object.fromEntries(await Promise.all(seen))).toEqual({
      weight: { dtype: "float32", shape: [2, 2], data: [0.5, 1, 1.5, 2] },
      double: { dtype: "float64", shape: [1], data: [Math.PI] },
      count: { dtype: "int32", shape: [2], data: [1, -2] },
      mask: { dtype: "bool", shape: [2], data: [1, 0] },
      raw: { dtype: "uint8", shape: [3], data: [1, 2, 3] },
    });
  });

  it("take pairs as well, and names that objects treat specially", async () => {
    await saveSafetensors(path, new Map([["__proto__", tensor([7])]]));
    const { tensors } = await loadSafetensors(path);
    expect(Object.keys(tensors)).toEqual(["__proto__"]);
    expect(await Object.values(tensors)[0]!.item()).toBe(7);
  });

  it("name the file that is missing or no safetensors file", async () => {
    await expect(loadSafetensors(path)).rejects.toThrow(FormatError);
    await expect(loadSafetensors(path)).rejects.toThrow(`${path}: cannot be read (ENOENT)`);
    await writeFile(path, "hello");
    await expect(loadSafetensors(path)).rejects.toThrow(`${path}: not a safetensors file: 5 bytes`);
  });
});

describe("writeFileAtomic", () => {
  it("replaces a file whole and leaves nothing else behind", async () => {
    await writeFileAtomic(path, "old");
    await writeFileAtomic(path, Uint8Array.of(110, 101, 119));
    expect(await readFile(path, "utf8")).toBe("new");
    expect(await readdir(folder)).toEqual(["model.safetensors"]);
  });

  it("keeps what was there where the new file cannot take its place", async () => {
    const taken = join(folder, "taken");
    await writeFileAtomic(join(folder, "file"), "old");
    await expect(writeFileAtomic(join(folder, "file", "below"), "x")).rejects.toThrow(/ENOTDIR/);
    await expect(writeFileAtomic(join(taken, "x"), "x")).rejects.toThrow(/ENOENT/);
    expect(await readFile(join(folder, "file"), "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it("removes its temporary file where the rename fails", async () => {
    const { mkdir } = await import("node:fs/promises");
    await mkdir(path);
    await writeFile(join(path, "inside"), "");
    await expect(writeFileAtomic(path, "x")).rejects.toThrow();
    expect(await readdir(folder)).toEqual(["model.safetensors"]);
  });
});
