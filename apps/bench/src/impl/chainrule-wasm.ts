import { createWasm } from "@chainrule/backend-wasm";
import manifest from "@chainrule/backend-wasm/package.json" with { type: "json" };
import { openChainrule } from "./chainrule.ts";
import type { Open } from "./implementation.ts";

export const open: Open = ({ threads }) => openChainrule(createWasm({ threads }), manifest.version);
