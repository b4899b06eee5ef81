import { asTimed, type NamedCase } from "./cases.ts";
import { flopsOf } from "./case.ts";
import type { Lane } from "./lane.ts";
import type { BenchName } from "./names.ts";
import type { Row } from "./row.ts";
import { median, minimum } from "./statistics.ts";
import { interleave, type Timed, type TimingSettings } from "./timing.ts";
import { checkedSteps, verifierOf } from "./verify.ts";

export interface Measured {
  readonly rows: readonly Row[];
  readonly remarks: readonly string[];
}

/** A lane's name as people read it. */
export const labelOf = ({ name, threads }: Pick<Lane, "name" | "threads">): string =>
  threads === 1 ? name : `${name} with ${threads} threads`;

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** One case in all lanes: first whether each result is right, then how long those that are right take, in turns. */
export async function runRepeated(
  bench: BenchName,
  { name, work, participants }: NamedCase,
  lanes: readonly Lane[],
  settings: TimingSettings,
  betweenRounds?: () => void,
): Promise<Measured> {
  const verify = verifierOf(work);
  const flops = flopsOf(work);
  const remarks: string[] = [];
  const rows: Row[] = [];
  const ready: { lane: Lane; timed: Timed }[] = [];
  /** A row without a figure. */
  const without = ({ name: impl, threads }: Lane): Row => ({
    bench,
    case: name,
    impl,
    threads,
    medianMs: null,
    minMs: null,
    gflops: null,
    valid: false,
    repetitions: 0,
  });
  const unable = (lane: Lane, error: unknown): void => {
    const reason = message(error);
    rows.push({ ...without(lane), reason });
    remarks.push(`${bench} ${name}: ${labelOf(lane)} cannot: ${reason}`);
  };
  for (const lane of lanes.filter((lane) => participants?.(lane.name) ?? true)) {
    try {
      const fault = verify(await lane.check(work, checkedSteps));
      if (fault !== undefined) {
        rows.push(without(lane));
        remarks.push(`${bench} ${name}: ${labelOf(lane)} is WRONG: ${fault}`);
        continue;
      }
      ready.push({ lane, timed: await lane.prepare(asTimed(work)) });
    } catch (error) {
      unable(lane, error);
    }
  }
  const timings = await interleave(
    ready.map(({ timed }) => timed),
    settings,
    betweenRounds,
  );
  for (const [i, timing] of timings.entries()) {
    const { lane } = ready[i]!;
    if ("error" in timing) {
      unable(lane, timing.error);
      continue;
    }
    const medianMs = median(timing.samples);
    rows.push({
      ...without(lane),
      medianMs,
      minMs: minimum(timing.samples),
      gflops: flops === null ? null : flops / medianMs / 1e6,
      valid: true,
      repetitions: timing.samples.length,
    });
    await lane.release().catch(() => {});
  }
  return { rows: rows.toSorted((a, b) => order(lanes, a) - order(lanes, b)), remarks };
}

const order = (lanes: readonly Lane[], { impl, threads }: Row): number =>
  lanes.findIndex((lane) => lane.name === impl && lane.threads === threads);
