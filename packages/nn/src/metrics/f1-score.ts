import { ClassMetric, type Counts } from "./class-counts.ts";

/**
 * The harmonic mean of precision and recall: 2·TP / (2·TP + FP + FN).
 *
 * @throws OptionError for an unknown average; from `update` ShapeError where the lengths differ, NumericError where a
 * value is not a class.
 */
export class F1Score extends ClassMetric {
  protected override ratio({ hits, predicted, actual }: Counts): readonly [number, number] {
    return [2 * hits, predicted + actual];
  }
}
