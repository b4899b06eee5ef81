/** Where a run computes: what really runs, not what was asked for. */
export interface BackendInfo {
  readonly name: string;
  readonly mode: string;
  readonly threads: number;
}

/** What one epoch came to. Fields that were not measured are null, so that every record has the same columns. */
export interface EpochRecord {
  /** Counted from 1. */
  readonly epoch: number;
  /** Mean training loss over the epoch's examples, each taken before its own update. */
  readonly trainLoss: number;
  readonly testLoss: number | null;
  /** The share of right classes, 0 to 1. */
  readonly testAccuracy: number | null;
  /** Seconds for training and validation. */
  readonly seconds: number;
  /** The learning rate of the epoch's last step. */
  readonly lr: number;
  /** The metrics that `fit` was given, on the validation data. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Why training ended before its last epoch, and after which step (both counted from 1). */
export interface Stop {
  readonly reason: string;
  readonly epoch: number;
  readonly step: number;
}

/** A training run as plain JSON. */
export interface History {
  readonly backend: BackendInfo;
  /** Complete epochs only. */
  readonly epochs: readonly EpochRecord[];
  /** Optimiser steps taken. */
  readonly steps: number;
  /** Null where all epochs were run. */
  readonly stopped: Stop | null;
}
