import type { BenchName, ImplementationName } from "./names.ts";
import type { Roofline } from "./roofline/measure.ts";

/** One figure of the report. */
export interface Row {
  readonly bench: BenchName;
  readonly case: string;
  readonly impl: ImplementationName;
  readonly threads: number;
  /**
   * Milliseconds of one run, the median over repetitions; null where there is none, or a wrong result. The benches `memory` and
   * `size` measure no time: there it is the figure in the unit that the case names.
   */
  readonly medianMs: number | null;
  /** As `medianMs`, of the fastest repetition. */
  readonly minMs: number | null;
  /** 10⁹ operations a second at the median; null where operations are not counted. */
  readonly gflops: number | null;
  /** Whether there was a result and it was equal to the reference. */
  readonly valid: boolean;
  /** How often it was measured. */
  readonly repetitions: number;
  /** Why there is no result, where the implementation cannot do the work: that is not a wrong one. */
  readonly reason?: string;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
  /** Processes that wanted a core on average, in the minute before the run. */
  readonly otherLoad: number;
  readonly roofline: Roofline;
}

/** Whether a result was found to be wrong. */
export const isWrong = ({ valid, reason }: Row): boolean => !valid && reason === undefined;

/** What ran: version and mode of each implementation. */
export type Versions = Readonly<Partial<Record<ImplementationName, string>>>;

/** Whether a GPU's work was done by the processor, in software: such a figure is none of a GPU. */
export const isSoftware = (name: ImplementationName, versions: Versions): boolean =>
  versions[name]?.includes("(software)") ?? false;

/** The report as data. */
export interface Report {
  readonly machine: Machine;
  readonly versions: Versions;
  readonly rows: readonly Row[];
}

/** The report, and what is said to people beside it. */
export interface Outcome {
  readonly report: Report;
  /** Implementations that did not take part, with the reason. */
  readonly skipped: readonly { readonly impl: ImplementationName; readonly reason: string }[];
  /** Cases that an implementation could not do or did wrongly. */
  readonly remarks: readonly string[];
}
