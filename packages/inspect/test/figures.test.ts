import { cpu } from "@chainrule/backend-cpu";
import { OptionError, registerBackend, ShapeError, tensor, type Tensor } from "@chainrule/core";
import { confusionMatrix } from "@chainrule/nn";
import type { EpochRecord, History } from "@chainrule/train";
import { decode } from "fast-png";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  activationChart,
  barChart,
  binsOf,
  confusionChart,
  decisionBoundary,
  histogram,
  imageGrid,
  lineChart,
  lossCurves,
  palette,
  panels,
  weightImages,
} from "../src/index.ts";
import { escapeXml, formatArray, formatNumber } from "../src/text.ts";
import { linearTicks, logTicks } from "../src/figures/plot.ts";
import { toPng } from "../src/node.ts";
import { attributes, parseSvg, pathPoints, texts } from "./svg.ts";

registerBackend(cpu);

describe("numbers as text", () => {
  it.each([
    [0, "0"],
    [-0.5, "−0.5"],
    [1 / 3, "0.3333"],
    [12345.6, "12346"],
    [1e-4, "10⁻⁴"],
    [-2.5e-12, "−2.5·10⁻¹²"],
    [1.234e7, "1.23·10⁷"],
    [Number.NaN, "NaN"],
    [-Infinity, "−∞"],
  ])("%d is %s", (value, text) => expect(formatNumber(value)).toBe(text));

  it("writes arrays nested, and long ones by their shape", () => {
    expect(formatArray([1, 2, 3, 4], [2, 2])).toBe("[[1, 2], [3, 4]]");
    expect(formatArray([7], [])).toBe("7");
    expect(formatArray(new Float32Array(12), [3, 4])).toBe("[3×4]");
    expect(formatArray([], [0])).toBe("[]");
  });

  it("leaves out what XML does not have, and escapes the rest", () => {
    expect(escapeXml("a<b>&\"'\u0000\u001b\ud800\n")).toBe("a&lt;b&gt;&amp;&quot;&#39;\ufffd\n");
  });
});

describe("ticks", () => {
  it("are round, a handful, and inside the domain", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        (low, span) => {
          const ticks = linearTicks(low, low + span);
          // The ends are rounded themselves.
          const slack = span * 1e-6 + 2 * Number.EPSILON * Math.max(Math.abs(low), span);
          expect(ticks.length).toBeGreaterThanOrEqual(3);
          expect(ticks.length).toBeLessThanOrEqual(11);
          expect(ticks[0]!).toBeGreaterThanOrEqual(low - slack);
          expect(ticks.at(-1)!).toBeLessThanOrEqual(low + span + slack);
        },
      ),
    );
    expect(linearTicks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks(-0.3, 0.3)).toEqual([-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]);
  });

  it("are powers of ten on logarithmic axes, or 1, 2, 5 where those are few", () => {
    expect(logTicks(0.5, 2000)).toEqual([1, 10, 100, 1000]);
    expect(logTicks(1.5, 8)).toEqual([2, 5]);
    expect(logTicks(1e-12, 1).length).toBeLessThanOrEqual(8);
    expect(logTicks(3.1, 3.9).every((tick) => tick > 3 && tick < 4)).toBe(true);
  });
});

describe("lineChart", () => {
  it("draws each series, with titles, axis labels, legend and references as text", () => {
    const svg = lineChart(
      [
        { name: "a & b", y: [1, 2, 3] },
        { name: "points", x: [0, 1], y: [2, 1], mark: "points", error: [0.5, 0] },
      ],
      {
        title: "T",
        subtitle: "S",
        x: { label: "time (s)" },
        y: { label: "voltage (mV)" },
        references: [
          { y: 2.5, label: "limit" },
          { x: 1, label: "here" },
        ],
      },
    );
    const found = texts(svg);
    for (const text of ["T", "S", "a & b", "points", "time (s)", "voltage (mV)", "limit", "here"]) {
      expect(found).toContain(text);
    }
    expect(pathPoints(svg, palette[0]!)).toHaveLength(1);
    expect(attributes(svg, "circle", "r").filter((r) => r === "3.2")).toHaveLength(2);
  });

  it("writes a number at every tick of a logarithmic axis", () => {
    const ticks = [4, 8, 16, 32, 64, 128];
    const svg = lineChart([{ x: ticks, y: ticks }], { x: { log: true, ticks } });
    expect(texts(svg)).toEqual(expect.arrayContaining(ticks.map(String)));
    const bars = barChart([{ label: "a", value: 64 }], { value: { log: true, domain: [4, 128], ticks } });
    expect(texts(bars)).toEqual(expect.arrayContaining(ticks.map(String)));
  });

  it("puts points where their numbers are", () => {
    const svg = lineChart([{ x: [0, 5, 10], y: [0, 10, 0] }], {
      x: { domain: [0, 10] },
      y: { domain: [0, 10] },
    });
    const [left, middle, right] = pathPoints(svg, palette[0]!)[0]!;
    // The plot is 640 × 400 with margins of 64, 18, 10 and 46.
    expect(left).toEqual([64, 354]);
    expect(middle).toEqual([343, 10]);
    expect(right).toEqual([622, 354]);
  });

  it("puts decades at equal distances on logarithmic axes, and breaks lines at what they cannot show", () => {
    const svg = lineChart([{ x: [1, 10, 100, 1000], y: [1, 10, 0, 1000] }], {
      x: { log: true },
      y: { log: true },
    });
    const [first] = pathPoints(svg, palette[0]!);
    const [a, b] = first!;
    expect(first).toHaveLength(2);
    expect(b![0]! - a![0]!).toBeCloseTo((640 - 64 - 18) / (3 * 1.06), 0);
    expect(texts(svg)).toContain("100");
  });

  it("draws steps flat up to the next point", () => {
    const svg = lineChart([{ y: [0, 1], mark: "steps" }], { x: { domain: [0, 1] }, y: { domain: [0, 1] } });
    expect(/M64,354(H622)?(L622,354)?(L622,10|V10)/.test(attributes(svg, "path", "d").join(" "))).toBe(true);
    expect(lineChart([{ y: [0, 1], mark: "dashed" }])).toContain('stroke-dasharray="6 4"');
  });

  it("shows one value, and refuses what cannot be shown", () => {
    expect(texts(lineChart([{ y: [5] }]))).toContain("5");
    expect(() => lineChart([])).toThrow(OptionError);
    expect(() => lineChart([{ name: "s", x: [1], y: [1, 2] }])).toThrow(/"s".*1 values of x for 2 of y/);
    expect(() => lineChart([{ y: [Number.NaN] }])).toThrow(/no finite value/);
    expect(() => lineChart([{ y: [-1] }], { y: { log: true } })).toThrow(/no positive finite value/);
    expect(() => lineChart([{ y: [1] }], { y: { domain: [2, 1] } })).toThrow(/from 2 to 1/);
  });

  it("is well-formed whatever is written on it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.array(fc.double(), { minLength: 1 }), (text, values) => {
        if (!values.some(Number.isFinite)) return;
        const bounded = values.map((value) => (Math.abs(value) < 1e100 ? value : 0));
        parseSvg(lineChart([{ name: text, y: bounded }], { title: text, x: { label: text } }));
      }),
      { numRuns: 20 },
    );
  });
});

function history(test: boolean): History {
  const epochs = [3, 2, 1].map((loss, i): EpochRecord => ({
    epoch: i + 1,
    trainLoss: loss,
    testLoss: test ? loss + 1 : null,
    testAccuracy: test ? 1 - loss / 10 : null,
    seconds: 1,
    lr: 0.1,
    metrics: test ? { f1: loss / 10 } : {},
  }));
  return { backend: { name: "cpu", mode: "js", threads: 1 }, epochs, steps: 3, stopped: null };
}

describe("lossCurves", () => {
  it("draws training and test losses of one history", () => {
    const found = texts(lossCurves(history(true), { title: "One" }));
    for (const text of ["One", "training", "test", "epoch", "loss"]) expect(found).toContain(text);
    expect(texts(lossCurves(history(false)))).not.toContain("test");
  });

  it("draws several by name, and plain arrays, in colours of their own", () => {
    const svg = lossCurves({ SGD: history(true), plain: [2, 1] });
    expect(texts(svg)).toEqual(expect.arrayContaining(["SGD, training", "SGD, test", "plain"]));
    expect([0, 1].map((i) => pathPoints(svg, palette[i]!).length)).toEqual([2, 1]);
    expect(texts(lossCurves(new Float32Array([3, 2])))).toContain("epoch");
  });

  it("draws accuracy or a metric instead, and says where there is none", () => {
    expect(texts(lossCurves(history(true), { measure: "accuracy" }))).toContain("accuracy");
    expect(texts(lossCurves(history(true), { measure: "f1" }))).toContain("f1");
    expect(() => lossCurves(history(false), { measure: "f1" })).toThrow(/"f1"/);
  });
});

describe("barChart", () => {
  it("draws bars as long as their values, each with its number", () => {
    const svg = barChart([
      { label: "a", value: 1 },
      { label: "b", value: 2, error: 0.5 },
      { label: "c", value: -1 },
    ]);
    const widths = attributes(svg, "rect", "width").slice(1).map(Number);
    expect(widths[1]! / widths[0]!).toBeCloseTo(2, 6);
    expect(widths[2]!).toBeCloseTo(widths[0]!, 6);
    expect(texts(svg)).toEqual(expect.arrayContaining(["a", "b", "c", "2", "−1"]));
  });

  it("takes a logarithmic axis, and refuses no bars, equal labels and nothing to show", () => {
    const svg = barChart(
      [
        { label: "a", value: 0.001 },
        { label: "b", value: 0.1 },
        { label: "zero", value: 0 },
      ],
      {
        value: { log: true, label: "gradient norm" },
        reference: 0.01,
      },
    );
    expect(texts(svg)).toEqual(expect.arrayContaining(["0.01", "gradient norm", "zero"]));
    expect(() => barChart([])).toThrow(OptionError);
    expect(() =>
      barChart([
        { label: "a", value: 1 },
        { label: "a", value: 2 },
      ]),
    ).toThrow(/"a"/);
    expect(() => barChart([{ label: "a", value: Number.NaN }], { value: { log: true } })).toThrow(
      OptionError,
    );
  });
});

describe("histogram", () => {
  it("counts each value once, the last end included", () => {
    expect(binsOf([0, 0.5, 1, 1.5, 2, 9, Number.NaN], 2, 0, 2)).toEqual([
      { from: 0, to: 1, count: 2 },
      { from: 1, to: 2, count: 3 },
    ]);
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 5, noNaN: true })),
        fc.integer({ min: 1, max: 50 }),
        (values, bins) => {
          expect(binsOf(values, bins, -5, 5).reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
        },
      ),
    );
    expect(() => binsOf([1], 0, 0, 1)).toThrow(OptionError);
    expect(() => binsOf([1], 3, 1, 1)).toThrow(OptionError);
  });

  it("draws bars in proportion to counts, or to densities of several samples", () => {
    const heights = (svg: string): number[] =>
      attributes(svg, "rect", "height")
        .map(Number)
        .filter((n) => n > 0);
    const [tall, small] = heights(histogram([0, 0, 0, 1], { bins: 2 })).slice(0);
    expect(tall! / small!).toBeCloseTo(3, 1);
    const two = histogram({ a: [0, 1], b: [0, 0, 1, 1] }, { bins: 2, density: true });
    const all = heights(two).filter((height) => height > 20);
    expect(all).toHaveLength(4);
    expect(new Set(all.map((height) => height.toFixed(3))).size).toBe(1);
    expect(texts(two)).toEqual(expect.arrayContaining(["a", "b", "density"]));
    expect(() => histogram([])).toThrow(OptionError);
  });
});

describe("confusionChart", () => {
  it("writes every count, and names both axes", () => {
    const svg = confusionChart(confusionMatrix([0, 1, 1, 2], [0, 1, 2, 2], ["cat", "dog", "cow"]), {
      title: "Animals",
    });
    const found = texts(svg);
    expect(found).toEqual(expect.arrayContaining(["Animals", "predicted", "true", "cat", "dog", "cow"]));
    expect(found.filter((text) => text === "1")).toHaveLength(4);
    expect(found.filter((text) => text === "·")).toHaveLength(5);
  });

  it("refuses counts that are not square", () => {
    expect(() => confusionChart({ classes: ["a", "b"], counts: [[1, 2]] })).toThrow(ShapeError);
    expect(() => confusionChart({ classes: [], counts: [] })).toThrow(OptionError);
  });
});

/** The pixels of the n-th picture of a figure. */
function pixelsOf(
  svg: string,
  n = 0,
): { width: number; height: number; at: (x: number, y: number) => number[] } {
  const href = attributes(svg, "image", "xlink:href")[n]!;
  const { data, width, height } = decode(Buffer.from(href.split(",")[1]!, "base64"));
  return {
    width,
    height,
    at: (x, y) => Array.from(data.slice((y * width + x) * 3, (y * width + x) * 3 + 3)),
  };
}

describe("decisionBoundary", () => {
  const points = { x: [-1, 0, 1, 0, 0, 1], y: [0, 1, 1] };

  it("shades the side of each class and draws the line between", async () => {
    const svg = await decisionBoundary((x) => x.slice(null, [0, 1]).mul(20), points, { resolution: 20 });
    const { at, width } = pixelsOf(svg);
    expect(width).toBe(20);
    const [left, right] = [at(1, 10), at(18, 10)];
    expect(left[2]).toBeGreaterThan(left[0]!);
    expect(right[0]).toBeGreaterThan(right[2]!);
    const [line] = pathPoints(svg, "#222222");
    const middle = 64 + (520 - 64 - 18) / 2;
    expect(line!.length).toBeGreaterThan(3);
    expect(line!.some(([x]) => Math.abs(x! - middle) < 1)).toBe(true);
    expect(texts(svg)).toEqual(expect.arrayContaining(["class 0", "class 1", "x₁", "x₂"]));
    expect(attributes(svg, "circle", "r").filter((r) => r === "3.4")).toHaveLength(3);
  });

  it("takes probabilities, many classes, and a model that is always sure", async () => {
    const three = (x: Tensor): Tensor =>
      x
        .matmul(
          tensor([
            [1, -1, 0],
            [0, 0, 1],
          ]),
        )
        .softmax(-1);
    const svg = await decisionBoundary(three, points, {
      output: "probabilities",
      classes: ["a", "b", "c"],
      resolution: 16,
    });
    expect(texts(svg)).toEqual(expect.arrayContaining(["a", "b", "c"]));
    const one = await decisionBoundary((x) => x.slice(null, 0).mul(0).add(5), points, { resolution: 8 });
    expect(pathPoints(one, "#222222")).toHaveLength(0);
  });

  it("refuses points and outputs of other shapes", async () => {
    await expect(decisionBoundary((x) => x, { x: [1], y: [0] })).rejects.toThrow(/2 coordinates, not 1/);
    await expect(decisionBoundary((x) => x.sum(), points)).rejects.toThrow(/gave \[\]/);
    await expect(decisionBoundary((x) => x, { x: [1, 2], y: [0.5] })).rejects.toThrow(OptionError);
  });
});

describe("activationChart", () => {
  it("draws the function and its derivative", async () => {
    const svg = await activationChart("square", (x) => x.square(), {
      from: -1,
      to: 1,
      points: 3,
      y: { domain: [-2, 2] },
    });
    expect(texts(svg)).toEqual(expect.arrayContaining(["square", "square(x)", "derivative", "x"]));
    const height = (y: number): number => Number((10 + ((2 - y) / 4) * (300 - 10 - 46)).toFixed(3));
    const [values] = pathPoints(svg, palette[0]!);
    expect(values!.map(([, y]) => y)).toEqual([height(1), height(0), height(1)]);
  });

  it("breaks the line at a jump, and refuses what is not elementwise", async () => {
    const step = await activationChart("step", (x) => x.greater(0).cast("float64").add(x.mul(0)));
    expect(pathPoints(step, palette[0]!)).toHaveLength(2);
    await expect(activationChart("sum", (x) => x.sum())).rejects.toThrow(/1 elements for 401/);
  });
});

describe("imageGrid", () => {
  it("maps numbers to colours, sharp and in order", () => {
    const svg = imageGrid([{ data: [0, 1, 0.5, 0], height: 2, width: 2, label: "one" }], { size: 8 });
    const { at, width } = pixelsOf(svg);
    expect(width).toBe(8);
    expect([at(0, 0), at(3, 3), at(7, 0), at(0, 7), at(7, 7)]).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [255, 255, 255],
      [128, 128, 128],
      [0, 0, 0],
    ]);
    expect(texts(svg)).toEqual(["one", "0", "1"]);
    expect(
      pixelsOf(imageGrid([{ data: [0, 1], height: 1, width: 2 }], { colors: "ink", size: 2 })).at(0, 0),
    ).toEqual([255, 255, 255]);
  });

  it("has 0 in white in the middle of signed colours, in a shared or an own range", () => {
    const pictures = [
      { data: [0, -1], height: 1, width: 2 },
      { data: [4, 2], height: 1, width: 2 },
    ];
    const shared = imageGrid(pictures, { colors: "signed", size: 2 });
    expect(pixelsOf(shared, 0).at(0, 0)).toEqual([255, 255, 255]);
    expect(pixelsOf(shared, 1).at(0, 0)).toEqual([0xd5, 0x5e, 0]);
    expect(texts(shared)).toEqual(["−4", "4"]);
    const each = imageGrid(pictures, { colors: "signed", range: "each", size: 2 });
    expect(pixelsOf(each, 0).at(1, 0)).toEqual([0, 0x72, 0xb2]);
    const given = imageGrid(pictures, { range: [0, 8], size: 2 });
    expect(pixelsOf(given, 1).at(0, 0)).toEqual([128, 128, 128]);
  });

  it("refuses no pictures, no columns, and numbers that do not fill a picture", () => {
    expect(() => imageGrid([])).toThrow(OptionError);
    expect(() => imageGrid([{ data: [1], height: 1, width: 1 }], { columns: 0 })).toThrow(OptionError);
    expect(() => imageGrid([{ data: [1], height: 2, width: 2 }])).toThrow(/2 × 2 has 1/);
  });

  it("weightImages shows rows of a weight", async () => {
    const svg = await weightImages(
      tensor([
        [1, 0],
        [0, -1],
        [0, 0],
      ]),
      { height: 1, width: 2, units: 2, size: 2 },
    );
    expect(attributes(svg, "image", "width")).toHaveLength(3);
    expect(pixelsOf(svg, 0).at(0, 0)).toEqual([0xd5, 0x5e, 0]);
    expect(pixelsOf(svg, 1).at(1, 0)).toEqual([0, 0x72, 0xb2]);
    await expect(weightImages(tensor([[1, 2, 3]]), { height: 2, width: 2 })).rejects.toThrow(/\[1, 3\].*= 4/);
  });
});

describe("panels", () => {
  const small = barChart([{ label: "a", value: 1 }], { width: 200, height: 80 });

  it("sets figures side by side, under one title", () => {
    const svg = panels([small, small, small], { columns: 2, title: "All" });
    expect(parseSvg(svg).querySelectorAll("svg svg svg")).toHaveLength(3);
    expect(texts(svg)).toContain("All");
    const width = (figure: string): number => Number(/viewBox="0 0 (\d+)/.exec(figure)![1]);
    expect(width(svg)).toBe(2 * width(small) + 32);
  });

  it("refuses none, and what is no figure", () => {
    expect(() => panels([])).toThrow(OptionError);
    expect(() => panels([small], { columns: 0 })).toThrow(OptionError);
    expect(() => panels(["<p>"])).toThrow(/figure 0/);
  });
});

describe("toPng", () => {
  it("draws a figure at a scale, in its colours", async () => {
    const svg = barChart([{ label: "a", value: 1 }], { width: 200, height: 80 });
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
    const image = decode(await toPng(svg, { scale: 3 }));
    expect([image.width, image.height]).toEqual([3 * width!, 3 * height!]);
    const blue = Array.from({ length: image.width * image.height }, (_, i) =>
      image.data.slice(4 * i, 4 * i + 3),
    ).filter(([r, g, b]) => r === 0 && g === 0x72 && b === 0xb2);
    expect(blue.length).toBeGreaterThan(3000);
    await expect(toPng(svg, { scale: 0 })).rejects.toThrow(OptionError);
  });
});
