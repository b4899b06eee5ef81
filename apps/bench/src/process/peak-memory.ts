import { readFileSync } from "node:fs";

/** The most bytes of this process. Linux counts what the parent had before it started this one, but not here. */
export function peakMemory(): number {
  if (process.platform === "linux") {
    const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (peak !== undefined) return Number(peak) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}
