import { existsSync, readdirSync } from "node:fs";
import { defineConfig } from "vitest/config";

const projects = ["packages", "apps", "tools"].flatMap((room) =>
  readdirSync(room)
    .map((name) => ({ name, root: `${room}/${name}` }))
    .filter(({ root }) => existsSync(`${root}/package.json`) && existsSync(`${root}/test`)),
);

export default defineConfig({
  test: {
    projects: projects.map(({ name, root }) => ({
      test: { name, root, include: ["test/**/*.test.ts"] },
    })),
  },
});
