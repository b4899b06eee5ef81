import { FormatError, OptionError, ShapeError, StateError } from "@chainrule/core";
import { describe, expect, it } from "vitest";
import { MinMaxScaler, OneHotEncoder, StandardScaler } from "../src/index.ts";

const array = (rows: number[][]): { data: Float64Array; shape: number[] } => ({
  data: Float64Array.from(rows.flat()),
  shape: [rows.length, rows[0]!.length],
});
const train = array([
  [1, 10, 5],
  [2, 30, 5],
  [3, 20, 5],
]);

describe("StandardScaler", () => {
  it("gives each feature mean 0 and variance 1, a constant one 0, and goes back", () => {
    const scaler = new StandardScaler().fit(train);
    const root = Math.sqrt(1.5);
    const expected = [-root, -root, 0, 0, root, 0, root, 0, 0];
    [...scaler.transform(train).data].forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 12));
    [...scaler.inverse(scaler.transform(train)).data].forEach((value, i) =>
      expect(value).toBeCloseTo(train.data[i]!, 12),
    );
    // New data is measured by the old fit.
    expect(scaler.transform(array([[2, 20, 6]])).data).toEqual(Float64Array.of(0, 0, 1));
  });

  it("keeps shapes, makes float32 of bytes, and leaves NaN out of the fit", () => {
    const bytes = { data: Uint8Array.of(0, 2, 4, 6), shape: [2, 1, 2] };
    const scaled = new StandardScaler().fit(bytes).transform(bytes);
    expect(scaled).toEqual({ data: Float32Array.of(-1, -1, 1, 1), shape: [2, 1, 2] });
    const scaler = new StandardScaler().fit(array([[1], [NaN], [3]]));
    expect(scaler.state).toMatchObject({ shift: [2], scale: [1] });
    expect(scaler.transform(array([[NaN]])).data[0]).toBeNaN();
  });

  it("is stored as JSON and comes back the same", () => {
    const scaler = new StandardScaler().fit(train);
    const back = StandardScaler.fromState(JSON.parse(JSON.stringify(scaler)));
    expect(back.transform(train)).toEqual(scaler.transform(train));
    expect(JSON.parse(JSON.stringify(scaler.state)).kind).toBe("standard");
  });

  it("changes one field of a batch as a loader's map", () => {
    const scaler = new StandardScaler().fit(train);
    const y = { data: Int32Array.of(1), shape: [1] };
    const batch = scaler.on("x")({ x: array([[2, 20, 5]]), y });
    expect(batch.x.data).toEqual(Float64Array.of(0, 0, 0));
    expect(batch.y).toBe(y);
  });

  it("refuses to work before its fit, on other features, on nothing, and with a broken state", () => {
    expect(() => new StandardScaler().transform(train)).toThrow(StateError);
    expect(() => new StandardScaler().fit(train).transform(array([[1, 2]]))).toThrow(
      /examples of \[3\].*\[2\]/,
    );
    expect(() => new StandardScaler().fit({ data: new Float32Array(0), shape: [0, 2] })).toThrow(ShapeError);
    expect(() => new StandardScaler().fit(array([[NaN]]))).toThrow(/feature 0 has no value/);
    expect(() => new StandardScaler().fit(array([[1, Infinity]]))).toThrow(/feature 1 has an infinite value/);
    const { state } = new StandardScaler().fit(train);
    for (const broken of [
      null,
      {},
      { ...state, kind: "minmax" },
      { ...state, scale: [1, 0, 1] },
      { ...state, shift: [1] },
    ]) {
      expect(() => StandardScaler.fromState(broken as never)).toThrow(FormatError);
    }
  });
});

describe("MinMaxScaler", () => {
  it("maps each feature's range to the one asked for, and back", () => {
    expect(new MinMaxScaler().fit(train).transform(train).data).toEqual(
      Float64Array.of(0, 0, 0, 0.5, 1, 0, 1, 0.5, 0),
    );
    const scaler = new MinMaxScaler([-1, 1]).fit(train);
    expect(
      scaler.transform(
        array([
          [1, 20, 5],
          [4, 30, 5],
        ]),
      ).data,
    ).toEqual(Float64Array.of(-1, 0, -1, 2, 1, -1));
    expect(scaler.inverse(scaler.transform(train))).toEqual(train);
  });

  it("is stored as JSON with its range", () => {
    const scaler = new MinMaxScaler([2, 4]).fit(train);
    const back = MinMaxScaler.fromState(JSON.parse(JSON.stringify(scaler)));
    expect(back.range).toEqual([2, 4]);
    expect(back.transform(train)).toEqual(scaler.transform(train));
    expect(() => MinMaxScaler.fromState(null as never)).toThrow(FormatError);
    expect(() => new MinMaxScaler([1, 1])).toThrow(OptionError);
  });
});

describe("OneHotEncoder", () => {
  it("makes rows of categories in ascending order, and reads them back", () => {
    const encoder = new OneHotEncoder().fit(["b", "a", "b", "c"]);
    expect(encoder.categories).toEqual(["a", "b", "c"]);
    const rows = encoder.transform(["c", "a"]);
    expect(rows).toEqual({ data: Float32Array.of(0, 0, 1, 1, 0, 0), shape: [2, 3] });
    expect(encoder.inverse(rows)).toEqual(["c", "a"]);
    expect(new OneHotEncoder().fit([10, 9, 2]).categories).toEqual([2, 9, 10]);
    // Probabilities are read as their largest.
    expect(encoder.inverse({ data: Float32Array.of(0.2, 0.5, 0.3), shape: [1, 3] })).toEqual(["b"]);
  });

  it("refuses what its fit did not see, or makes zeros of it", () => {
    const encoder = new OneHotEncoder().fit(["a", "b"]);
    expect(() => encoder.transform(["a", "z"])).toThrow(/value 1 is "z".*"a", "b"/);
    const lenient = new OneHotEncoder({ unknown: "zeros" }).fit(["a", "b"]);
    expect(lenient.transform(["z"]).data).toEqual(Float32Array.of(0, 0));
    expect(lenient.inverse(lenient.transform(["z", "b"]))).toEqual([null, "b"]);
  });

  it("is stored as JSON, and refuses what is no state, no values and other columns", () => {
    const encoder = new OneHotEncoder({ unknown: "zeros" }).fit([3, 1]);
    const back = OneHotEncoder.fromState(JSON.parse(JSON.stringify(encoder)));
    expect(back.transform([3, 5])).toEqual(encoder.transform([3, 5]));
    for (const broken of [
      null,
      {},
      { kind: "onehot", categories: [1, 1], unknown: "error" },
      { ...encoder.state, unknown: "?" },
    ]) {
      expect(() => OneHotEncoder.fromState(broken as never)).toThrow(FormatError);
    }
    expect(() => new OneHotEncoder().fit([])).toThrow(OptionError);
    expect(() => new OneHotEncoder().fit([NaN])).toThrow(/NaN is no category/);
    expect(() => new OneHotEncoder().categories).toThrow(StateError);
    expect(() => encoder.inverse({ data: new Float32Array(3), shape: [1, 3] })).toThrow(ShapeError);
  });
});
