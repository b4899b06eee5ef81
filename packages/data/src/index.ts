export type { Dataset, Fields, HostArray } from "./dataset.ts";
export { ArrayDataset, type Column, tensorDataset } from "./array-dataset.ts";
export { mapExamples, randomSplit, readAll, subset, take } from "./views.ts";
export { stackExamples } from "./read-batch.ts";
export {
  type Batch,
  type BatchInfo,
  DataLoader,
  type DataLoaderOptions,
  type LoaderState,
} from "./loader.ts";
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
export { type CsvColumn, type CsvOptions, type CsvTable, type CsvType, parseCsv } from "./csv.ts";
export { type CsvSyntax, type CsvVisitor, eachCsvRow } from "./csv-rows.ts";
export { tableDataset, type TableDataset, type TableDatasetOptions } from "./table-dataset.ts";
export { type Split, splitIndices, type SplitOptions, trainTestSplit } from "./split.ts";
export { type HeldOut, kFold, kFoldIndices, type KFoldOptions } from "./k-fold.ts";
export {
  balancedSampler,
  type BalancedSamplerOptions,
  type Sampler,
  weightedSampler,
  type WeightedSamplerOptions,
} from "./sampler.ts";
export { MinMaxScaler, type ScalerState, StandardScaler } from "./transforms.ts";
export { type Category, OneHotEncoder, type OneHotOptions, type OneHotState } from "./one-hot-encoder.ts";
export { augmentImages, type AugmentOptions } from "./augment/images.ts";
export {
  blobs,
  type BlobsOptions,
  circles,
  type CirclesOptions,
  moons,
  spirals,
  type SpiralsOptions,
  xor,
} from "./toys/classes.ts";
export { type CurveOptions, polynomialCurve, type PolynomialOptions, sineCurve } from "./toys/curves.ts";
export { type OverfittingSet, overfittingSet } from "./toys/overfitting.ts";
export type { ToyOptions } from "./toys/points.ts";
export { type PoissonOptions, poissonRegression, type PoissonSet } from "./toys/poisson-glm.ts";
export { linearlySeparable, type Separable, type SeparableOptions } from "./toys/separable.ts";
