import { randomUUID } from "node:crypto";
import { mkdir, open, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ChainruleError } from "@chainrule/core";

/** A place that results were to go to and cannot. */
export class NotWritableError extends ChainruleError {
  override name = "NotWritableError";
}

/**
 * Makes sure that a folder exists and takes `bytes` more, by writing that much and removing it again: permissions,
 * quotas and full disks all show.
 *
 * @throws NotWritableError that says why.
 */
export async function ensureWritableFolder(folder: string, bytes: number, flag: string): Promise<void> {
  try {
    await makeFolders(folder);
    await tryToWrite(folder, bytes);
  } catch (cause) {
    throw notWritable(folder, flag, cause);
  }
}

/**
 * Makes sure that a file can be written. A device or a pipe gets one line break, which JSON allows before a document.
 *
 * @throws NotWritableError that says why.
 */
export async function ensureWritableFile(path: string, bytes: number, flag: string): Promise<void> {
  try {
    const existing = await stat(path).catch(() => null);
    if (existing?.isDirectory()) throw new Error("it is a folder");
    if (!existing || existing.isFile()) {
      await tryToWrite(dirname(resolve(path)), bytes);
      if (existing) await (await open(path, "r+")).close();
      return;
    }
    const file = await open(path, "w");
    try {
      await file.write("\n");
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw notWritable(path, flag, cause);
  }
}

/**
 * Makes a folder and those above it, one after another: Node's own recursive mkdir never comes back from a place such
 * as /proc, which says of a new folder that its parent does not exist.
 */
export async function makeFolders(folder: string): Promise<void> {
  const path = resolve(folder);
  if (await isFolder(path)) return;
  if (dirname(path) !== path) await makeFolders(dirname(path));
  await mkdir(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST" || !(await isFolder(path))) throw error;
  });
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isDirectory() ?? false;
}

async function tryToWrite(folder: string, bytes: number): Promise<void> {
  const path = join(folder, `.chainrule-${randomUUID()}.tmp`);
  try {
    const file = await open(path, "wx");
    try {
      // Not zeros: a file system may store those without taking space.
      await file.writeFile(new Uint8Array(bytes).fill(0x5a));
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOENT: "the folder does not exist",
  ENOTDIR: "a part of the path is a file",
  EEXIST: "a file is in the way",
};

function notWritable(path: string, flag: string, cause: unknown): NotWritableError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  const reason = reasons[code] ?? message;
  return new NotWritableError(`${flag} ${path}: cannot be written: ${reason}. Nothing was trained`, {
    cause,
  });
}
