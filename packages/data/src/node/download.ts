import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { ChainruleError, FormatError } from "@chainrule/core";

/** A download that the server or the network did not deliver. */
export class DownloadError extends ChainruleError {
  override name = "DownloadError";
}

/** What a file's bytes must hash to: lower-case hexadecimal. */
export interface Checksum {
  readonly algorithm: "sha256" | "md5";
  readonly hex: string;
}

/** Conditions on a download. */
export interface DownloadOptions {
  readonly checksum?: Checksum;
  /** The download is given up once more bytes than this have come; default 1 GiB. */
  readonly maxBytes?: number;
  /** Milliseconds without any new byte after which the download is given up; default 30,000. */
  readonly stallMilliseconds?: number;
  readonly signal?: AbortSignal;
}

/**
 * Makes sure that `path` holds the file at `url`, downloading it unless it is there with the right checksum.
 *
 * The bytes go to a temporary file beside `path` and take its name only when they are complete and their
 * checksum is right, so a file at `path` is always whole, whatever interrupts.
 *
 * @throws DownloadError for a status other than 2xx, a network fault, too few or too many bytes.
 * @throws FormatError for a checksum mismatch; it names what was expected and seen.
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<void> {
  const { checksum } = options;
  const present = await hashFile(path, checksum?.algorithm ?? "sha256");
  if (present !== undefined && (!checksum || present === checksum.hex)) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    const file = await open(temporary, "wx");
    try {
      await receive(url, file, options);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function receive(url: string, file: FileHandle, options: DownloadOptions): Promise<void> {
  const { checksum, maxBytes = 2 ** 30, stallMilliseconds = 30_000, signal } = options;
  const stalled = new AbortController();
  const abort = (): void => stalled.abort(new Error(`no data for ${stallMilliseconds} ms`));
  let timer = setTimeout(abort, stallMilliseconds);
  try {
    const response = await fetch(url, {
      signal: signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal,
    });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new DownloadError(
        `${url}: the server answered ${response.status} ${response.statusText}`.trimEnd(),
      );
    }
    const hash = createHash(checksum?.algorithm ?? "sha256");
    let received = 0;
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = setTimeout(abort, stallMilliseconds);
      received += chunk.length;
      if (received > maxBytes) throw new DownloadError(`${url}: more than the ${maxBytes} bytes allowed`);
      hash.update(chunk);
      await file.write(chunk);
    }
    expectLength(url, response.headers, received);
    const seen = hash.digest("hex");
    if (checksum && seen !== checksum.hex) {
      throw new FormatError(
        `${url}: checksum mismatch: expected ${checksum.algorithm} ${checksum.hex}, ` +
          `received ${received} bytes with ${seen}; nothing was kept`,
      );
    }
  } catch (cause) {
    // Network faults come wrapped by fetch; an error with a system call of its own is the disk's.
    if (cause instanceof ChainruleError || (cause instanceof Error && "syscall" in cause)) throw cause;
    signal?.throwIfAborted();
    throw new DownloadError(`${url}: the download failed: ${reasonOf(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** A body that was encoded for transport has another length than the header says, so only plain ones are held to it. */
function expectLength(url: string, headers: Headers, received: number): void {
  const announced = headers.get("content-length");
  if (announced === null || headers.has("content-encoding")) return;
  if (received !== Number(announced)) {
    throw new DownloadError(`${url}: cut off: ${received} of ${announced} bytes came`);
  }
}

/** fetch hides the reason of a network fault in `cause`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

async function hashFile(path: string, algorithm: Checksum["algorithm"]): Promise<string | undefined> {
  const hash = createHash(algorithm);
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return hash.digest("hex");
}
