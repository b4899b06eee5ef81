export { at, countOf, dense, type Dense, generate } from "./dense.ts";
export { broadcastShape, broadcastTo, map, mapTogether } from "./elementwise.ts";
export { gather, oneHot, scatterAdd, take } from "./indexing.ts";
export { concat, flip, pad, permute, reshape, slice, type SliceSpec, tile, transpose } from "./movement.ts";
export { matmul, outer } from "./product.ts";
export {
  alongAxis,
  cumulativeSum,
  type Folding,
  largest,
  logSumExp,
  mean,
  placeOfLargest,
  placeOfSmallest,
  product,
  reduce,
  smallest,
  softmax,
  sum,
  variance,
} from "./reduce.ts";
export { erf, erfinv, larger, modulo, power, roundHalfEven, smaller, softplus } from "./scalar.ts";
export { type KnownAnswer, threefry, threefryKnownAnswers } from "./threefry.ts";
