import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Mnist,
  type MnistFile,
  mnistFiles,
  mnistFromFiles,
  type MnistOptions,
  type NamedBytes,
} from "../mnist.ts";
import { type Checksum, download, type DownloadOptions } from "./download.ts";
import { usualNames } from "./mnist-folder.ts";

/** Where to fetch MNIST's files and where to keep them. */
export interface MnistUrlOptions extends MnistOptions, Omit<DownloadOptions, "checksum"> {
  /** The folder that keeps the files between runs. */
  readonly cache: string;
  /** Folder URL; the default serves the archive's four `.gz` files. */
  readonly url?: string;
  /** Checksums of the files; default: those of the archive where `url` is the default, else none. */
  readonly checksums?: Readonly<Record<MnistFile, Checksum>>;
  /** File names under `url`; default: LeCun's, with `.gz`. */
  readonly names?: Readonly<Record<MnistFile, string>>;
}

const archive = "https://ossci-datasets.s3.amazonaws.com/mnist/";

const md5 = (hex: string): Checksum => ({ algorithm: "md5", hex });

/** MD5 of the `.gz` files, as published with torchvision's MNIST. */
const archiveChecksums: Readonly<Record<MnistFile, Checksum>> = {
  trainImages: md5("f68b3c2dcbeaaa9fbdd348bbdeb94873"),
  trainLabels: md5("d53e105ee54ea40749a09fcbcd1e9432"),
  testImages: md5("9fb629c4189551a2d022fa330f9573f3"),
  testLabels: md5("ec29112dd5afa0611ce80d1b7f02629c"),
};

/**
 * MNIST over HTTP, kept in a cache folder; files already there with the right checksum are not fetched again.
 *
 * @throws DownloadError, FormatError as {@link download} and the IDX reader do.
 */
export async function mnistFromUrl(options: MnistUrlOptions): Promise<Mnist> {
  const { cache, url = archive, names } = options;
  const checksums = options.checksums ?? (options.url === undefined ? archiveChecksums : undefined);
  const files = {} as Record<MnistFile, NamedBytes>;
  for (const file of mnistFiles) {
    const name = names?.[file] ?? `${usualNames[file]}.gz`;
    const path = join(cache, name);
    const checksum = checksums?.[file];
    const address = new URL(name, url.endsWith("/") ? url : `${url}/`).href;
    await download(address, path, checksum ? { ...options, checksum } : options);
    files[file] = { name: path, bytes: await readFile(path) };
  }
  return mnistFromFiles(files, options);
}
