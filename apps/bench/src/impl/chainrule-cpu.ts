import { cpu } from "@chainrule/backend-cpu";
import manifest from "@chainrule/backend-cpu/package.json" with { type: "json" };
import { openChainrule } from "./chainrule.ts";
import type { Open } from "./implementation.ts";
import { watched } from "./watch-memory.ts";

export const open: Open = ({ watch }) =>
  openChainrule(
    watched(watch, () => cpu),
    manifest.version,
  );
