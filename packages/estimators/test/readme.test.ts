import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("the README's example prints what it says", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, code] = /^```ts\n(.*?)^```$/ms.exec(readme)!;
  const cwd = fileURLToPath(new URL("../../../", import.meta.url));
  const args = ["--input-type=module-typescript", "-e", code!];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
  const [best, prediction] = stdout.trim().split("\n");
  expect(best).toBe("{ degree: 3, alpha: 0 }");
  expect(Number(/[\d.]+/.exec(prediction!)![0])).toBeCloseTo(22, 9);
});
