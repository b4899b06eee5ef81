export { findChromium, launch } from "./chromium.ts";
export type { Browser, Page } from "playwright-core";
