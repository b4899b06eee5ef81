import type { Callback, Run, StepRecord } from "../callback.ts";
import { describeBackend, describeEpoch } from "../describe.ts";
import { defaultSink, type TextSink } from "./text-sink.ts";

/** Where and how a progress bar is drawn. */
export interface ProgressBarOptions {
  /** Default: standard output, or the console where there is none. */
  readonly sink?: TextSink;
  /** What examples are called; default "examples". */
  readonly unit?: string;
  /** Milliseconds between two drawings of the bar; default 100. */
  readonly interval?: number;
  /** Milliseconds between two lines where lines cannot be redrawn; default 10,000. */
  readonly plainInterval?: number;
}

const eraseLine = "\r\u001b[2K";

/**
 * Shows how far training is, its speed and the time left, and a line for each epoch. On a terminal one line is
 * redrawn; elsewhere plain lines come, few enough for a log. The first line names the backend, its mode and threads.
 */
export function progressBar(options: ProgressBarOptions = {}): Callback {
  const { sink = defaultSink(), unit = "examples", interval = 100, plainInterval = 10_000 } = options;
  const redraws = sink.isTTY === true;
  let epochStart = 0;
  let lastDrawn = 0;
  let drawn = false;
  /** What `readsLoss` answered, which then holds for its step. */
  let draws: boolean | null = null;
  const isDue = (): boolean => performance.now() - lastDrawn >= (redraws ? interval : plainInterval);
  const erase = (): void => {
    if (drawn) sink.write(eraseLine);
    drawn = false;
  };
  return {
    onTrainStart: (run) => void sink.write(`${describeBackend(run.backend)}\n`),
    onEpochStart: () => {
      epochStart = lastDrawn = performance.now();
    },
    readsLoss: () => (draws = isDue()),
    onStepEnd: (record, run) => {
      const now = performance.now();
      const drawsNow = draws ?? isDue();
      draws = null;
      if (!drawsNow) return;
      lastDrawn = now;
      const line = progressLine(record, run, (now - epochStart) / 1000, unit, redraws ? barWidth(sink) : 0);
      sink.write(redraws ? `${eraseLine}${line}` : `${line}\n`);
      drawn = redraws;
    },
    onEpochEnd: (record, run) => {
      erase();
      sink.write(`${describeEpoch(record, run.epochs)}\n`);
    },
    onTrainEnd: (history) => {
      erase();
      const { stopped } = history;
      if (stopped) sink.write(`stopped in epoch ${stopped.epoch}, step ${stopped.step}: ${stopped.reason}\n`);
    },
  };
}

/** Room for the bar beside about 70 characters of text. */
const barWidth = ({ columns = 80 }: TextSink): number => Math.max(0, Math.min(30, columns - 72));

function progressLine(
  { epoch, step, examples, loss }: StepRecord,
  { epochs, stepsPerEpoch, examplesPerEpoch }: Run,
  seconds: number,
  unit: string,
  width: number,
): string {
  const speed = examples / seconds;
  const left = Math.max(0, examplesPerEpoch - examples) / speed;
  const filled = Math.round((step / stepsPerEpoch) * width);
  const bar = width > 0 ? ` ${"━".repeat(filled)}${"─".repeat(width - filled)}` : "";
  return (
    `epoch ${epoch}/${epochs}${bar} ${step}/${stepsPerEpoch} · loss ${loss.toFixed(4)} · ` +
    `${Math.round(speed).toLocaleString("en")} ${unit}/s · ${formatSeconds(left)} left`
  );
}

/** "8 s", "2 min 05 s" */
function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}
