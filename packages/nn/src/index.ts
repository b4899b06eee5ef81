export { ELU, elu } from "./activations/elu.ts";
export { GELU, gelu, type GeluOptions } from "./activations/gelu.ts";
export { HardSigmoid, hardSigmoid } from "./activations/hard-sigmoid.ts";
export { HardSwish, hardSwish } from "./activations/hard-swish.ts";
export { LeakyReLU, leakyReLU } from "./activations/leaky-relu.ts";
export { LogSoftmax } from "./activations/log-softmax.ts";
export { Maxout, maxout } from "./activations/maxout.ts";
export { Mish, mish } from "./activations/mish.ts";
export { PReLU, prelu, type PReLUOptions } from "./activations/prelu.ts";
export { ReLU } from "./activations/relu.ts";
export { SELU, selu } from "./activations/selu.ts";
export { Sigmoid } from "./activations/sigmoid.ts";
export { SiLU, silu } from "./activations/silu.ts";
export { Softmax } from "./activations/softmax.ts";
export { Softplus, softplus, type SoftplusOptions } from "./activations/softplus.ts";
export { Step, step, type StepOptions } from "./activations/step.ts";
export { Tanh } from "./activations/tanh.ts";
export {
  type AttendOptions,
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
  type MultiHeadMasks,
} from "./attention/multi-head.ts";
export { PositionalEncoding, sinusoidalEncoding } from "./attention/positional-encoding.ts";
export {
  scaledDotProductAttention,
  type AttentionMasks,
  type AttentionOptions,
} from "./attention/scaled-dot-product.ts";
export {
  TransformerEncoderLayer,
  type TransformerEncoderLayerOptions,
} from "./attention/transformer-encoder-layer.ts";
export type { Initializer, InitializerOptions } from "./init/initializer.ts";
export { AdaptiveAvgPool2d, AdaptiveMaxPool2d } from "./layers/adaptive-pool.ts";
export { AlphaDropout } from "./layers/alpha-dropout.ts";
export { AvgPool1d, AvgPool2d, type AvgPoolOptions } from "./layers/avg-pool.ts";
export { BatchNorm1d, BatchNorm2d, type BatchNormOptions } from "./layers/batch-norm.ts";
export { Bilinear, type BilinearOptions } from "./layers/bilinear.ts";
export { Conv1d, Conv2d, Conv3d, type ConvOptions, type ConvolutionOptions } from "./layers/conv.ts";
export { ConvTranspose1d, ConvTranspose2d, type ConvTransposeOptions } from "./layers/conv-transpose.ts";
export { Dropout, type DropoutOptions } from "./layers/dropout.ts";
export { Dropout2d } from "./layers/dropout-2d.ts";
export { Embedding, type EmbeddingOptions } from "./layers/embedding.ts";
export { Flatten } from "./layers/flatten.ts";
export { GaussianNoise } from "./layers/gaussian-noise.ts";
export { GlobalAvgPool } from "./layers/global-avg-pool.ts";
export { Graph, type GraphEntry, type GraphOptions } from "./layers/graph.ts";
export type { GraphNode } from "./layers/graph-structure.ts";
export { GroupNorm, type GroupNormOptions } from "./layers/group-norm.ts";
export { Identity } from "./layers/identity.ts";
export { InstanceNorm, type InstanceNormOptions } from "./layers/instance-norm.ts";
export { Lambda } from "./layers/lambda.ts";
export { LayerNorm, type LayerNormOptions } from "./layers/layer-norm.ts";
export { Linear, type LinearOptions } from "./layers/linear.ts";
export { MaxPool1d, MaxPool2d, type MaxPoolOptions } from "./layers/max-pool.ts";
export { Pad, type PadOptions } from "./layers/pad.ts";
export type { PaddingMode } from "./layers/padding.ts";
export type { Margin } from "./layers/spatial.ts";
export { PixelShuffle } from "./layers/pixel-shuffle.ts";
export type { PoolOptions } from "./layers/pooling.ts";
export { Residual } from "./layers/residual.ts";
export { RMSNorm, type RMSNormOptions } from "./layers/rms-norm.ts";
export type { RunningMoments } from "./layers/running-moments.ts";
export { Sequential } from "./layers/sequential.ts";
export type { Extent } from "./layers/spatial.ts";
export { Fold, Unfold, type UnfoldOptions } from "./layers/unfold.ts";
export { Upsample, type UpsampleOptions } from "./layers/upsample.ts";
export { bceLoss } from "./losses/bce.ts";
export { bceWithLogits, bernoulliNllLoss, type BceWithLogitsOptions } from "./losses/bce-with-logits.ts";
export type { ClassOptions } from "./losses/class-targets.ts";
export {
  cosineEmbeddingLoss,
  cosineSimilarity,
  cosineSimilarityLoss,
  type CosineEmbeddingOptions,
  type CosineOptions,
} from "./losses/cosine.ts";
export { categoricalNllLoss, crossEntropy, type CrossEntropyOptions } from "./losses/cross-entropy.ts";
export { binaryFocalLoss, focalLoss, type BinaryFocalOptions, type FocalOptions } from "./losses/focal.ts";
export { gaussianNllLoss, type GaussianNllOptions } from "./losses/gaussian-nll.ts";
export { hingeLoss, type HingeOptions } from "./losses/hinge.ts";
export { huberLoss, smoothL1Loss, type HuberOptions, type SmoothL1Options } from "./losses/huber.ts";
export { klDiv, type KlDivOptions } from "./losses/kl-div.ts";
export { l1Loss, maeLoss } from "./losses/l1.ts";
export { mseLoss } from "./losses/mse.ts";
export { multiMarginLoss, type MultiMarginOptions } from "./losses/multi-margin.ts";
export { nllLoss, type NllOptions } from "./losses/nll.ts";
export { poissonNllLoss, type PoissonNllOptions } from "./losses/poisson-nll.ts";
export type { LossOptions, Reduction } from "./losses/reduction.ts";
export { accuracy } from "./metrics/accuracy.ts";
export { Accuracy } from "./metrics/accuracy-score.ts";
export { ClassMetric, type Average, type ClassMetricOptions, type Counts } from "./metrics/class-counts.ts";
export { ConfusionMatrix, confusionMatrix } from "./metrics/confusion-matrix.ts";
export { MeanAbsoluteError, MeanSquaredError } from "./metrics/errors.ts";
export { F1Score } from "./metrics/f1-score.ts";
export { LogLoss } from "./metrics/log-loss.ts";
export { Precision } from "./metrics/precision.ts";
export { R2Score } from "./metrics/r2-score.ts";
export { Recall } from "./metrics/recall.ts";
export { RocAuc } from "./metrics/roc-auc.ts";
export type { StreamingMetric } from "./metrics/streaming.ts";
export { TopKAccuracy } from "./metrics/top-k-accuracy.ts";
export { Module, type AnyModule } from "./module.ts";
export { observeForward, type ForwardCall } from "./observe.ts";
export { Buffer, Parameter } from "./parameter.ts";
export { GRUCell, LSTMCell, RNNCell, type RNNCellOptions } from "./recurrent/cells.ts";
export { GRU, LSTM, RNN, type LSTMState, type RNNOptions } from "./recurrent/layers.ts";
export { lengthMask } from "./recurrent/length-mask.ts";
export type { RecurrentLayerOptions } from "./recurrent/sequence.ts";
export type { RecurrentOptions, RecurrentWeights } from "./recurrent/weights.ts";
export { constrainMaxNorm, maxNorm } from "./regularizers/max-norm.ts";
export { l1Penalty, l2Penalty } from "./regularizers/penalties.ts";
export type { LoadReport } from "./state.ts";
export { summary, type LayerSummary, type ModelSummary } from "./summary.ts";
