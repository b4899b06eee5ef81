import type { Device } from "../backend/device.ts";
import type { TypedArray } from "../dtype.ts";
import { StateError } from "../errors.ts";
import type { Node } from "../graph/node.ts";
import type { Storage } from "./storage.ts";

/** A cell whose node changes: what a capture must look up again at each replay. */
export interface Cell {
  /** The elements of the present value, computed if need be. */
  storage(): Storage;
}

/** A value that the host computes anew for each run of a captured step. */
export interface HostInput {
  readonly node: Node;
  readonly refresh: () => TypedArray;
}

/** What a function touches while it is captured. */
export interface Trace {
  readonly device: Device;
  /** Variables that were read, by the leaf that stood for them. */
  readonly cells: Map<Node, Cell>;
  /** Variables that were assigned, with their newest value. */
  readonly assigned: Map<Cell, Node>;
  readonly hostInputs: HostInput[];
}

let active: Trace | null = null;

/** The capture under way, if any. */
export const activeTrace = (): Trace | null => active;

/** Runs `body` with `trace` recording. Throws StateError where a capture is already under way. */
export function withTrace<T>(trace: Trace, body: () => T): T {
  if (active !== null) {
    throw new StateError(
      "a captured function was called while another is being captured; call its plain function there",
    );
  }
  active = trace;
  try {
    return body();
  } finally {
    active = null;
  }
}

/** Runs `body` as if no capture were under way, for work that has to happen now. */
export function outsideTrace<T>(body: () => T): T {
  const outer = active;
  active = null;
  try {
    return body();
  } finally {
    active = outer;
  }
}
