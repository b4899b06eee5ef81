import type { Callback } from "../callback.ts";
import { defaultSink, type TextSink } from "./text-sink.ts";

/** Where learning rates are written. */
export interface LearningRateLoggerOptions {
  /** Default: standard output, or the console where there is none. */
  readonly sink?: TextSink;
  /** Steps between two lines; default: one line an epoch. */
  readonly everySteps?: number;
}

/** Writes the learning rate after each epoch, or after every so many steps. */
export function learningRateLogger(options: LearningRateLoggerOptions = {}): Callback {
  const { sink = defaultSink(), everySteps } = options;
  if (everySteps === undefined) {
    return {
      onEpochEnd: ({ epoch, lr }) => void sink.write(`epoch ${epoch}: learning rate ${format(lr)}\n`),
    };
  }
  return {
    readsLoss: () => false,
    onStepEnd: ({ epoch, step }, { optimizer }) => {
      if (step % everySteps !== 0) return;
      sink.write(`epoch ${epoch}, after step ${step}: learning rate ${format(optimizer.lr)}\n`);
    },
  };
}

const format = (lr: number): string => String(Number(lr.toPrecision(6)));
