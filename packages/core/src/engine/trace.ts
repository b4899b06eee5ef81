import type { Device } from "../backend/device.ts";
import type { TypedArray } from "../dtype.ts";
import type { Node } from "../graph/node.ts";
import type { Storage } from "./storage.ts";

/** A cell whose node changes: what a capture must look up again at each replay. */
export interface Cell {
  /** Where the present value is, or what it will be computed from; null while all of that waits on the host. */
  readonly device: Device | null;
  /** The elements of the present value, computed on `device` if need be. */
  storage(device: Device): Storage;
}

/** A value that the host computes anew for each run of a captured step. */
export interface HostInput {
  readonly node: Node;
  readonly refresh: () => TypedArray;
}

/** What a function touches while it is captured. */
export interface Trace {
  /** Where the arguments are; null while they wait on the host. */
  readonly device: Device | null;
  /** Variables that were read, each with a leaf of its own: what was built before must not follow the variable. */
  readonly cells: Map<Cell, Node>;
  /** Variables that were assigned, with their newest value. */
  readonly assigned: Map<Cell, Node>;
  readonly hostInputs: HostInput[];
}

let active: Trace | null = null;

/** The capture under way, if any. */
export const activeTrace = (): Trace | null => active;

/** Runs `body` with `trace` recording. */
export function withTrace<T>(trace: Trace, body: () => T): T {
  active = trace;
  try {
    return body();
  } finally {
    active = null;
  }
}
