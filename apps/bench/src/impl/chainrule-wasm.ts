import { createWasm } from "@chainrule/backend-wasm";
import manifest from "@chainrule/backend-wasm/package.json" with { type: "json" };
import { openChainrule } from "./chainrule.ts";
import type { Open } from "./implementation.ts";
import { watched } from "./watch-memory.ts";

export const open: Open = ({ threads, watch }) =>
  openChainrule(
    watched(watch, () => createWasm({ threads })),
    manifest.version,
  );
