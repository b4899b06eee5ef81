import type { Device } from "../backend/device.ts";
import type { LinearGraph } from "./linearize.ts";
import { LruMap } from "./lru.ts";
import { buildPlan, type Plan, type Updates } from "./plan.ts";

const capacity = 512;

interface Entry {
  readonly device: Device;
  readonly code: readonly number[];
  readonly plan: Plan;
}

const buckets = new LruMap<number, Entry[]>(capacity);

/** FNV-1a over the numbers of a code; equal hashes are compared in full. */
function hash(code: readonly number[]): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < code.length; i++) h = Math.imul(h ^ code[i]!, 0x01000193);
  return h;
}

const sameCode = (a: readonly number[], b: readonly number[]): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

/** The plan for a graph and its updates in place, built once for each structure and device. */
export function planFor(device: Device, graph: LinearGraph, updates: Updates): Plan {
  const code = [...graph.code, ...updates.map((leaf) => leaf ?? -1)];
  const key = hash(code);
  const bucket = buckets.get(key);
  const known = bucket?.find((entry) => entry.device === device && sameCode(entry.code, code));
  if (known) return known.plan;
  const plan = buildPlan(device, graph, updates);
  const entry = { device, code, plan };
  if (bucket) bucket.push(entry);
  else buckets.set(key, [entry]);
  return plan;
}

/** The plans of uncaptured computations: how many are kept, and a way to forget them. */
export const planCache: { readonly size: number; clear(): void } = {
  get size(): number {
    return buckets.size;
  },
  clear(): void {
    buckets.clear();
  },
};
