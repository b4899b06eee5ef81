import { NumericError } from "../errors.ts";
import { isFloat } from "../dtype.ts";
import type { Node } from "../graph/node.ts";
import { setObserver } from "../graph/observe.ts";
import { formatShape } from "../shape.ts";
import { bufferOf, realizeNodesSync } from "./realize.ts";
import { activeTrace } from "./trace.ts";

export interface DebugOptions {
  /** Run each operation as it is called, on a backend that can be read synchronously. */
  readonly eager?: boolean;
  /** Throw a NumericError where an operation makes NaN or ±∞ of finite numbers; runs eagerly. */
  readonly nanCheck?: boolean;
}

let settings: Required<DebugOptions> = { eager: false, nanCheck: false };

/** Whether operations run as they are called. */
export const isEager = (): boolean => settings.eager || settings.nanCheck;

/** Nodes whose elements are known not to be all finite. */
const notFinite = new WeakSet<Node>();

/** A derivative of a composed operation is made this deep in our own calls, and V8 shows ten unless told. */
const stackDepth = 100;

/** The file that a line of a call stack names; empty where it names none. */
const fileIn = (line: string): string => /(?:\(|@|at )([^(]*):\d+:\d+\)?$/.exec(line)?.[1] ?? "";

/** The first line of the call stack outside this package and, where they are installed, its siblings. */
function userLine(): string | null {
  const limits = Error as { stackTraceLimit?: number };
  const { stackTraceLimit } = limits;
  limits.stackTraceLimit = stackDepth;
  const { stack } = new Error("here");
  limits.stackTraceLimit = stackTraceLimit!;
  const lines = (stack ?? "").split("\n").filter((line) => fileIn(line) !== "");
  // The first line is this function's own: what lies beside its file is ours.
  const home = fileIn(lines[0] ?? "").replace(/(?:engine[\\/])?[^\\/]*$/, "");
  const isOurs = (file: string): boolean =>
    file.startsWith(home) || /[\\/]@chainrule[\\/][\w-]+[\\/]dist[\\/]|^node:/.test(file);
  return lines.find((line) => !isOurs(fileIn(line)))?.trim() ?? null;
}

function badElement(node: Node): { value: number; index: number } | null {
  const storage = node.storage!;
  const { device } = storage;
  const data = device === null ? storage.host : device.readSync(bufferOf(node, device));
  const index = data.findIndex((value) => !Number.isFinite(value));
  return index < 0 ? null : { value: data[index]!, index };
}

function checkFinite(node: Node, inputs: readonly Node[]): void {
  if (!isFloat(node.dtype)) return;
  const bad = badElement(node);
  if (bad === null) return;
  notFinite.add(node);
  for (const input of inputs) {
    if (!isFloat(input.dtype) || notFinite.has(input)) continue;
    realizeNodesSync([input]);
    if (badElement(input) !== null) notFinite.add(input);
  }
  if (inputs.some((input) => notFinite.has(input))) return;
  const line = userLine();
  const shapes = inputs.map(({ shape }) => formatShape(shape)).join(", ");
  throw new NumericError(
    `${node.op}(${shapes}) made ${bad.value} of finite inputs, first at element ${bad.index} of ` +
      `${formatShape(node.shape)}${line === null ? "" : `; called ${line}`}`,
  );
}

function runNow(node: Node): void {
  if (activeTrace() !== null) return;
  // A node may let go of its inputs once it is computed.
  const { inputs } = node;
  // Running a node must not observe the nodes that running makes.
  setObserver(null);
  try {
    realizeNodesSync([node]);
    if (settings.nanCheck) checkFinite(node, inputs);
  } finally {
    setObserver(runNow);
  }
}

/**
 * Sets how operations run: lazily (the default), or one by one as they are called, with or without a check of every
 * result. For finding out which operation on which line went wrong; slow. Captured functions run plainly meanwhile.
 */
export function debug(options: DebugOptions): void {
  settings = { ...settings, ...options };
  setObserver(isEager() ? runNow : null);
}
