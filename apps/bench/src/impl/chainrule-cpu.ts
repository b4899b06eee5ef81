import { cpu } from "@chainrule/backend-cpu";
import manifest from "@chainrule/backend-cpu/package.json" with { type: "json" };
import { openChainrule } from "./chainrule.ts";
import type { Open } from "./implementation.ts";

export const open: Open = () => openChainrule(cpu, manifest.version);
