import type { Open } from "./implementation.ts";
import { openTfjs } from "./tfjs.ts";

export const open: Open = ({ peers }) => openTfjs("cpu", peers);
