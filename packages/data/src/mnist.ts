import { FormatError, OptionError } from "@chainrule/core";
import { ArrayDataset } from "./array-dataset.ts";
import { readIdx, type IdxArray } from "./idx.ts";

/** The four files of a data set in MNIST's form. */
export const mnistFiles = ["trainImages", "trainLabels", "testImages", "testLabels"] as const;

/** One of the four files of a data set in MNIST's form. */
export type MnistFile = (typeof mnistFiles)[number];

/** The bytes of an IDX file, raw or gzip, and the name that errors give it. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** How images become examples. */
export interface MnistOptions {
  /** `[height · width]` for each image where true (the default), else `[1, height, width]`. */
  readonly flat?: boolean;
}

/** Training and test examples: `x` float32 in [0, 1], 1 being ink, `y` the label as uint8. */
export interface Mnist {
  readonly name: string;
  readonly train: ArrayDataset;
  readonly test: ArrayDataset;
  readonly height: number;
  readonly width: number;
}

/** Number of labels, 0 to 9. */
const classes = 10;

/**
 * MNIST, or any data set in its form, from its four IDX files. Images stay bytes in memory.
 *
 * @throws FormatError for damaged files, counts or sizes that do not agree, and labels outside 0–9.
 */
export async function mnistFromFiles(
  files: Readonly<Record<MnistFile, NamedBytes>>,
  options: MnistOptions & { readonly name?: string } = {},
): Promise<Mnist> {
  for (const file of mnistFiles) {
    if (!files[file])
      throw new OptionError(`mnistFromFiles: ${file} is missing; it needs ${mnistFiles.join(", ")}`);
  }
  const read = async (file: MnistFile): Promise<IdxArray> => readIdx(files[file].bytes, files[file].name);
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all([
    read("trainImages"),
    read("trainLabels"),
    read("testImages"),
    read("testLabels"),
  ]);
  const { flat = true, name = "mnist" } = options;
  const train = pair(trainImages, files.trainImages.name, trainLabels, files.trainLabels.name, flat);
  const test = pair(testImages, files.testImages.name, testLabels, files.testLabels.name, flat);
  const [, height = 0, width = 0] = trainImages.shape;
  if (testImages.shape[1] !== height || testImages.shape[2] !== width) {
    throw new FormatError(
      `${files.testImages.name}: images of ${testImages.shape.slice(1).join("×")}, ` +
        `while ${files.trainImages.name} has ${height}×${width}`,
    );
  }
  return { name, train, test, height, width };
}

function pair(
  images: IdxArray,
  imagesName: string,
  labels: IdxArray,
  labelsName: string,
  flat: boolean,
): ArrayDataset {
  expectBytes(images, imagesName, 3, "images [count, height, width]");
  expectBytes(labels, labelsName, 1, "labels [count]");
  const [count = 0, height = 0, width = 0] = images.shape;
  if (labels.shape[0] !== count) {
    throw new FormatError(
      `${labelsName}: ${labels.shape[0]} labels for the ${count} images of ${imagesName}`,
    );
  }
  const wrong = labels.data.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw new FormatError(
      `${labelsName}: label ${wrong} is ${labels.data[wrong]}; expected 0 to ${classes - 1}`,
    );
  }
  const shape = flat ? [count, height * width] : [count, 1, height, width];
  return new ArrayDataset({
    x: { data: images.data, shape, scale: 1 / 255 },
    y: { data: labels.data, shape: [count] },
  });
}

function expectBytes(array: IdxArray, name: string, rank: number, what: string): void {
  if (array.type !== "uint8" || array.shape.length !== rank) {
    throw new FormatError(
      `${name}: expected ${what} of uint8, found ${array.type} [${array.shape.join(", ")}]`,
    );
  }
}
