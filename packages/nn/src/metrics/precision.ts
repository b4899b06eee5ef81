import { ClassMetric, type Counts } from "./class-counts.ts";

/**
 * Of what was taken for a class, the share that was of it: TP / (TP + FP).
 *
 * @throws OptionError for an unknown average; from `update` ShapeError where the lengths differ, NumericError where a
 * value is not a class.
 */
export class Precision extends ClassMetric {
  protected override ratio({ hits, predicted }: Counts): readonly [number, number] {
    return [hits, predicted];
  }
}
