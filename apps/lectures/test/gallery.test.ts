import { describe, expect, test } from "vitest";
import { galleryPage } from "../src/gallery/page.ts";
import { linesOf, rowOf } from "../src/gallery/report.ts";
import { type Run, runLecture } from "../src/gallery/run.ts";
import { lectures } from "../src/lectures.ts";
import { atLeast, atMost, between, exactly, formatNumber, judged } from "../src/result.ts";

const lecture = lectures[0]!;

const runOf = (value: number): Run => ({
  lecture,
  result: judged({
    checks: [atMost("a <b>", value, 2), exactly("c", 3, 3)],
    notes: [{ name: "seen", value: "x & y" }],
    figures: [`<svg width="900" aria-label="wide"></svg>`, `<svg width="300" aria-label="small"></svg>`],
  }),
  error: null,
  seconds: 1.25,
});

describe("a verdict", () => {
  test("is yes where every check is", () => {
    expect(runOf(2).result!.ok).toBe(true);
    expect(runOf(2.1).result!.ok).toBe(false);
    expect(judged({ checks: [], figures: [] }).ok).toBe(false);
  });

  test("is no for numbers that are none", () => {
    for (const check of [
      atMost("", NaN, 1),
      atLeast("", NaN, 1),
      between("", NaN, 0, 1),
      exactly("", NaN, NaN),
    ]) {
      expect(check.ok).toBe(false);
    }
    expect([atLeast("", 1, 1).ok, between("", 1, 0, 1).ok, between("", 1.1, 0, 1).ok]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

test("numbers are short", () => {
  expect([1234567, 0.5, 0.00012345, 2.34567, 0, -0.25].map(formatNumber)).toEqual([
    "1,234,567",
    "0.5",
    "1.23e-4",
    "2.346",
    "0",
    "-0.25",
  ]);
});

test("a row of the report has the number beside its target", () => {
  const { id, name, target } = lecture;
  expect(rowOf(runOf(2))).toEqual({ id, name, target, value: "a <b>: 2; c: 3", ok: true });
  expect(rowOf(runOf(5)).ok).toBe(false);
  expect(linesOf(runOf(5))[1]).toBe("    ✗ a <b>: 5, wanted ≤ 2");
});

test("a script that throws is a row that is not reached, and stops no other", async () => {
  const broken = { ...lecture, load: () => Promise.reject(new Error("no such thing")) };
  const run = await runLecture(broken);
  expect(rowOf(run)).toMatchObject({ ok: false, value: "failed: Error: no such thing" });
  expect(linesOf(run)[1]).toContain("no such thing");
  expect(galleryPage([run, runOf(1)])).toContain("1 of 2 scripts");
});

test("the page needs no other file, and shows figures, numbers and the script", () => {
  const page = galleryPage([runOf(1)]);
  expect(page).toContain("a &lt;b&gt;</td><td>1</td><td>≤ 2</td>");
  expect(page).toContain("seen: x &amp; y");
  expect(page).toContain(`<figure><svg width="900"`);
  expect(page).toContain(`<figure class="half"><svg width="300"`);
  expect(page).toContain("export async function integrateAndFire");
  expect(page).not.toMatch(/<link|<script|src="http/);
});
