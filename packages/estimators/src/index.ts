export { Classifier } from "./classifier.ts";
export { Estimator, type Predictor, type ProbabilisticClassifier, type Transformer } from "./estimator.ts";
export { PolynomialFeatures, type PolynomialFeaturesOptions } from "./features/polynomial-features.ts";
export type { Labels, Matrix, Targets } from "./inputs.ts";
export { LinearRegression, type LinearRegressionOptions } from "./linear/linear-regression.ts";
export {
  LogisticRegression,
  type LogisticRegressionOptions,
  type PenalizedOptions,
} from "./linear/logistic-regression.ts";
export { OneVsRestClassifier, type Decider } from "./linear/one-vs-rest.ts";
export { novikoffBound, Perceptron, type PerceptronOptions, type Separator } from "./linear/perceptron.ts";
export { SoftmaxRegression } from "./linear/softmax-regression.ts";
export { MLPClassifier } from "./neural/mlp-classifier.ts";
export { MLPRegressor } from "./neural/mlp-regressor.ts";
export type { MlpOptions } from "./neural/network.ts";
export { Pipeline } from "./pipeline.ts";
export { Regressor } from "./regressor.ts";
export { crossValScore, type CrossValidationOptions, type Scoring } from "./selection/cross-validation.ts";
export { GridSearch, type Grid } from "./selection/grid-search.ts";
export { KFold, StratifiedKFold, type Fold, type KFoldOptions } from "./selection/k-fold.ts";
export {
  RandomSearch,
  sampleLogUniform,
  sampleUniform,
  type RandomSearchOptions,
  type Sampler,
  type Space,
} from "./selection/random-search.ts";
export { Search, type SearchResult } from "./selection/search.ts";
