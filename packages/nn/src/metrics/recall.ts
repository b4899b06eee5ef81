import { ClassMetric, type Counts } from "./class-counts.ts";

/**
 * Of what was of a class, the share that was taken for it: TP / (TP + FN).
 *
 * @throws OptionError for an unknown average; from `update` ShapeError where the lengths differ, NumericError where a
 * value is not a class.
 */
export class Recall extends ClassMetric {
  protected override ratio({ hits, actual }: Counts): readonly [number, number] {
    return [hits, actual];
  }
}
