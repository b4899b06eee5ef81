import { prepare } from "../backend.ts";
import type { Lecture } from "../lectures.ts";
import type { Result } from "../result.ts";

/** A script that was run. */
export interface Run {
  readonly lecture: Lecture;
  /** Null where the script threw. */
  readonly result: Result | null;
  /** What it threw. */
  readonly error: unknown;
  readonly seconds: number;
}

/** Runs one script; each finds the same random numbers, whatever ran before. */
export async function runLecture(lecture: Lecture): Promise<Run> {
  await prepare(lecture.backend);
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  try {
    const run = await lecture.load();
    const result = await run();
    return { lecture, result, error: null, seconds: seconds() };
  } catch (error) {
    return { lecture, result: null, error, seconds: seconds() };
  }
}
