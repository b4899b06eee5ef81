import { rm } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { bundleWorkers } from "./bundle-workers.ts";
import { casesOf } from "./cases.ts";
import { type Lane, lanesOf, launcher, type Launch, type Peers, preparePeers } from "./lane.ts";
import { type BenchName, type ImplementationName, threaded } from "./names.ts";
import { RooflineMeter } from "./roofline/measure.ts";
import type { Machine, Outcome, Row, Versions } from "./row.ts";
import { peakMemory, runOnce, startUp, stepTensors, trainToTarget } from "./run-once.ts";
import { type Measured, runRepeated } from "./run-repeated.ts";
import { measureSizes } from "./size.ts";
import { quick as quickTiming, thorough, type TimingSettings } from "./timing.ts";

export interface RunSettings {
  readonly benches: readonly BenchName[];
  readonly implementations: readonly ImplementationName[];
  /** For the implementations that have a choice. */
  readonly threads: readonly number[];
  readonly quick: boolean;
  /** Whether a browser gets the machine's own graphics adapter; false unless given. */
  readonly hardware?: boolean;
}

export interface RunHooks {
  /** Progress, a line each. */
  readonly log: (line: string) => void;
  /** Called with the rows of a bench as soon as it is done. */
  readonly finished?: (bench: BenchName, rows: readonly Row[], versions: Versions) => void;
  /** Replaces how workers are started and timed, for tests. */
  readonly launch?: Launch;
  readonly timing?: TimingSettings;
}

/** One thread and two, where there are two. */
export const defaultThreads = (): number[] => (availableParallelism() > 1 ? [1, 2] : [1]);

function describeMachine(meter: RooflineMeter, otherLoad: number): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round((10 * totalmem()) / 2 ** 30) / 10,
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    otherLoad,
    roofline: meter.roofline,
  };
}

/** What all benches of a run share. */
interface Setting {
  readonly settings: RunSettings;
  readonly lanes: readonly Lane[];
  readonly peers: Peers;
  readonly meter: RooflineMeter;
  readonly hooks: RunHooks;
}

const joined = (parts: readonly Measured[]): Measured => ({
  rows: parts.flatMap(({ rows }) => rows),
  remarks: parts.flatMap(({ remarks }) => remarks),
});

async function runBench(bench: BenchName, setting: Setting): Promise<Measured> {
  const { lanes, peers, meter, hooks, settings } = setting;
  const { quick } = settings;
  const withThreads = (count: number): Lane[] =>
    lanes.filter(({ name, threads }) => !threaded.has(name) || threads === count);
  const single = withThreads(settings.threads[0]!);
  // What a process needs from its start on is nothing that a page in a browser could be compared with.
  const inNode = (all: readonly Lane[]): Lane[] => all.filter(({ name }) => name !== "chainrule-gpu");
  switch (bench) {
    case "matmul":
      return runCases(bench, lanes, setting, () => meter.sample());
    case "mlp-step":
    case "conv":
    case "cnn-step":
    case "lstm-step":
    case "attention-step":
      return runCases(bench, lanes, setting);
    case "elementwise":
    case "tiny-step":
      return runCases(bench, single, setting);
    case "mnist-to-97":
      return runOnce(trainToTarget(quick), inNode(withThreads(Math.max(...settings.threads))));
    case "startup":
      return runOnce(startUp(quick), inNode(single));
    case "memory":
      return joined([
        await runOnce(peakMemory(quick), inNode(single)),
        await runOnce(stepTensors, inNode(single)),
      ]);
    case "size": {
      hooks.log("size: bundling");
      return measureSizes([...new Set(lanes.map(({ name }) => name))], peers);
    }
  }
}

async function runCases(
  bench: BenchName,
  lanes: readonly Lane[],
  { settings: { quick }, hooks }: Setting,
  betweenRounds?: () => void,
): Promise<Measured> {
  const cases = casesOf(bench, quick) ?? [];
  const timing = hooks.timing ?? (quick ? quickTiming : thorough);
  const rows: Row[] = [];
  const remarks: string[] = [];
  for (const [i, one] of cases.entries()) {
    hooks.log(`${bench} ${i + 1}/${cases.length}: ${one.name}`);
    const measured = await runRepeated(bench, one, lanes, timing, betweenRounds);
    rows.push(...measured.rows);
    remarks.push(...measured.remarks);
  }
  return { rows, remarks };
}

/** Runs the benches; an implementation that cannot start is skipped with the reason, and the others run. */
export async function run(settings: RunSettings, hooks: RunHooks): Promise<Outcome> {
  const { log } = hooks;
  const otherLoad = loadavg()[0]!;
  const peers = await preparePeers(settings.implementations, log);
  const bundled = hooks.launch ? null : await bundleWorkers();
  const launch = hooks.launch ?? launcher(peers, bundled!, settings.hardware ?? false);
  const lanes: Lane[] = [];
  const skipped: Outcome["skipped"][number][] = [];
  const versions: Partial<Record<ImplementationName, string>> = {};
  const rows: Row[] = [];
  const remarks: string[] = [];
  const all = lanesOf(settings.implementations, settings.threads, launch);
  try {
    log("starting the implementations");
    const opened = await Promise.allSettled(all.map((lane) => lane.open()));
    for (const [i, result] of opened.entries()) {
      const lane = all[i]!;
      if (result.status === "rejected") {
        const reason = (result.reason as Error).message;
        if (!skipped.some(({ impl }) => impl === lane.name)) skipped.push({ impl: lane.name, reason });
        continue;
      }
      const { version, mode, threads } = result.value;
      versions[lane.name] ??= `${version} (${mode})`;
      if (threads === lane.threads) lanes.push(lane);
      else remarks.push(`${lane.name} has ${threads} instead of ${lane.threads} threads: ${mode}`);
    }
    const meter = new RooflineMeter();
    for (const bench of settings.benches) {
      const measured = await runBench(bench, { settings, lanes, peers, meter, hooks });
      rows.push(...measured.rows);
      remarks.push(...measured.remarks);
      hooks.finished?.(bench, measured.rows, versions);
    }
    return { report: { machine: describeMachine(meter, otherLoad), versions, rows }, skipped, remarks };
  } finally {
    await Promise.all(all.map((lane) => lane.close()));
    if (bundled !== null) await rm(bundled, { recursive: true });
  }
}
