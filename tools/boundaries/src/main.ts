import { resolve } from "node:path";
import { checkBoundaries } from "./check.ts";

const problems = checkBoundaries(resolve(import.meta.dirname, "../../.."));
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "import rules: kept" : `import rules: ${problems.length} broken`);
process.exitCode = problems.length === 0 ? 0 : 1;
