export type { Dataset, Fields, HostArray } from "./dataset.ts";
export { ArrayDataset, type Column, tensorDataset } from "./array-dataset.ts";
export { mapExamples, randomSplit, subset, take } from "./views.ts";
export { stackExamples } from "./read-batch.ts";
export { type Batch, DataLoader, type DataLoaderOptions, type LoaderState } from "./loader.ts";
export { epochOrder } from "./order.ts";
export { type IdxArray, type IdxType, parseIdx, readIdx } from "./idx.ts";
export {
  type Mnist,
  type MnistFile,
  mnistFiles,
  mnistFromFiles,
  type MnistOptions,
  type NamedBytes,
} from "./mnist.ts";
