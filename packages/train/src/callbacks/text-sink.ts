/** Where a callback writes text: `process.stdout` and `process.stderr` fit. */
export interface TextSink {
  readonly write: (text: string) => unknown;
  /** Whether a line can be redrawn; default false. */
  readonly isTTY?: boolean | undefined;
  /** Characters a line. */
  readonly columns?: number | undefined;
}

/** Standard output where there is one, else the console. */
export function defaultSink(): TextSink {
  const { process } = globalThis as { process?: { stdout?: TextSink } };
  if (typeof process?.stdout?.write === "function") return process.stdout;
  // A page has no other place for text.
  // oxlint-disable-next-line no-console
  return { write: (text) => console.log(text.replace(/\n$/, "")) };
}
