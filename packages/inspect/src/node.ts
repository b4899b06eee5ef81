export { type PngOptions, toPng } from "./node/to-png.ts";
