import { resolve } from "node:path";
import { measure } from "./measure.ts";

const rows = await measure(resolve(import.meta.dirname, "../../.."));
console.table(rows);
process.exitCode = rows.some(({ verdict }) => verdict === "OVER") ? 1 : 0;
