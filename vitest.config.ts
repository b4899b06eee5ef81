import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** A project for every workspace folder with tests, named as its folder. */
const projects = ["packages", "apps", "tools"].flatMap((room) =>
  readdirSync(join(import.meta.dirname, room))
    .map((name) => ({ name, root: join(import.meta.dirname, room, name) }))
    .filter(({ root }) => existsSync(join(root, "package.json")) && existsSync(join(root, "test"))),
);

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: projects.map(({ name, root }) => ({
      // Machines that run this are small and shared; a slow second is no failure.
      test: { name, root, include: ["test/**/*.test.ts"], testTimeout: 30_000 },
    })),
  },
});
