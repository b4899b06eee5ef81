import { OptionError, tensor, zeros, type Tensor } from "@chainrule/core";
import { loadClips } from "@chainrule/fixtures";
import { clipGradNorm, clipGradValue } from "@chainrule/optim";
import { expectClose } from "@chainrule/testkit";
import { describe, expect, test } from "vitest";
import { fromFixture } from "./setup.ts";

test("gradients longer than maxNorm are shortened together, others stay", async () => {
  const gradients = [tensor([3, 0]), tensor([[4]])];
  const clipped = clipGradNorm(gradients, 1);
  expect(await clipped.norm.item()).toBe(5);
  await expectClose(clipped.gradients[0]!, [0.6, 0]);
  await expectClose(clipped.gradients[1]!, [0.8]);
  expect(await clipGradNorm(gradients, 6).gradients[0]!.toArray()).toEqual([3, 0]);
  expect(await clipGradNorm([zeros([2])], 1).gradients[0]!.toArray()).toEqual([0, 0]);
});

test("a norm that is not finite is told and spoils the gradients, as in PyTorch", async () => {
  const clipped = clipGradNorm([tensor([Number.NaN, 1])], 1);
  expect(await clipped.norm.item()).toBeNaN();
  expect(await clipped.gradients[0]!.toArray()).toEqual([Number.NaN, Number.NaN]);
});

test("bad limits are refused", () => {
  expect(() => clipGradNorm([zeros([1])], -1)).toThrow(OptionError);
  expect(() => clipGradNorm([zeros([1])], -1)).toThrow("clipGradNorm: maxNorm must be at least 0, not -1");
  expect(() => clipGradNorm([zeros([1])], 1, { normType: 0 })).toThrow("normType must be above 0, not 0");
  expect(() => clipGradNorm([], 1)).toThrow("there are no gradients");
  expect(() => clipGradValue([zeros([1])], Number.NaN)).toThrow("value must be at least 0, not NaN");
});

describe("as in PyTorch", () => {
  test.each(loadClips().map((fixture) => [fixture.name, fixture] as const))("%s", async (_, fixture) => {
    const before = fixture.before.map(fromFixture);
    const { maxNorm, normType, clipValue } = fixture.options;
    let after: Tensor[];
    if (fixture.function === "clipGradNorm") {
      const clipped = clipGradNorm(before, maxNorm!, {
        normType: Number(normType === "inf" ? Infinity : normType),
      });
      await expectClose(clipped.norm, fromFixture(fixture.totalNorm!), { label: "norm" });
      after = clipped.gradients;
    } else {
      after = clipGradValue(before, clipValue!);
    }
    for (const [i, expected] of fixture.after.entries()) await expectClose(after[i]!, fromFixture(expected));
  });
});
