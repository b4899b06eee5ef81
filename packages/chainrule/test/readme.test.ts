import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** The output of a README's first TypeScript block, run as a program of its own. */
async function outputOf(room: string): Promise<string> {
  const readme = readFileSync(`${root}/packages/${room}/README.md`, "utf8");
  const [, code] = /^```ts\n(.*?)^```$/ms.exec(readme)!;
  const args = ["--input-type=module-typescript", "-e", code!];
  return (await promisify(execFile)(process.execPath, args, { cwd: root })).stdout;
}

describe("README examples print what they say", () => {
  it("data", async () => {
    expect(await outputOf("data")).toBe("[ 32, 2 ] [ 32 ]\n[ 32, 2 ] [ 32 ]\n[ 16, 2 ] [ 16 ]\n20\n");
  });

  it("io", async () => {
    expect(await outputOf("io")).toBe("[ [ 1, 2 ] ] 3\n");
  });

  it("train", async () => {
    const output = await outputOf("train");
    expect(output).toMatch(/^backend cpu · .*\nepoch 1\/20 · train loss/);
    expect(Number(output.trim().split("\n").at(-1))).toBeGreaterThan(0.9);
  });

  it("chainrule", async () => {
    expect(Number(await outputOf("chainrule"))).toBeCloseTo(21, 1);
  });
});
