import { gpu } from "@chainrule/backend-gpu";
import manifest from "@chainrule/backend-gpu/package.json" with { type: "json" };
import { openChainrule } from "./chainrule.ts";
import type { Open } from "./implementation.ts";

/** For a browser: the default mode is WebGL2 and nothing else. */
export const open: Open = () => openChainrule({ plugin: gpu }, manifest.version);
