import type { TargetCase, WorkCase } from "../case.ts";
import type { Held } from "../impl/implementation.ts";

/**
 * One JSON object a line: requests on a worker's stdin, answers on its stdout, each request answered once, in order.
 * `impl/torch.py` speaks the same.
 */
export type Request =
  /** Loads the framework. */
  | { readonly command: "open"; readonly threads: number }
  /** Does the work from a fresh start (training: `steps` steps) and gives its results, to be checked. */
  | { readonly command: "check"; readonly work: WorkCase; readonly steps: number }
  /** Makes the work ready to be timed, in place of what was ready before. */
  | { readonly command: "prepare"; readonly work: WorkCase }
  /** Does it that many times and reads the last result. */
  | { readonly command: "run"; readonly times: number }
  | { readonly command: "release" }
  /** In a fresh process: loads the framework, takes a training step and reads the loss. */
  | { readonly command: "start-up"; readonly threads: number; readonly work: WorkCase }
  /** Trains until a test accuracy is reached. */
  | { readonly command: "target"; readonly target: TargetCase }
  /** In a fresh process: loads the framework, takes so many training steps and says what its tensors needed. */
  | { readonly command: "tensors"; readonly threads: number; readonly work: WorkCase; readonly steps: number }
  /** The most memory that the process has had. */
  | { readonly command: "memory" };

export type Command = Request["command"];

/** What runs in a worker. */
export interface Opened {
  readonly version: string;
  readonly mode: string;
  readonly threads: number;
}

/** Arrays by name, their float32 elements in base64. */
export type EncodedArrays = Readonly<Record<string, string>>;

/** How training towards an accuracy ended. */
export interface TargetReached {
  readonly accuracy: number;
  readonly steps: number;
}

export interface Answers {
  readonly open: Opened;
  readonly check: EncodedArrays;
  readonly prepare: null;
  readonly run: { readonly milliseconds: number };
  readonly release: null;
  readonly "start-up": { readonly milliseconds: number };
  readonly target: TargetReached;
  readonly tensors: Held;
  readonly memory: { readonly bytes: number };
}

export type Answer = { readonly result: unknown } | { readonly error: string };

/** In browsers too, which have no Buffer. */
export function encode(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = "";
  // As many bytes as a call takes arguments, and a multiple of 3.
  for (let at = 0; at < bytes.length; at += 12_288) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + 12_288)));
  }
  return text;
}

export function decode(text: string): Float32Array {
  const bytes = Buffer.from(text, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
