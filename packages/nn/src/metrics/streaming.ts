/** A measure gathered batch by batch on the host. */
export interface StreamingMetric {
  /** Counts a batch; where it throws, nothing of it is counted. */
  update(predicted: ArrayLike<number>, targets: ArrayLike<number>, weights?: ArrayLike<number>): this;
  /** The measure over all batches since the last reset. */
  compute(): number;
  /** Forgets all batches. */
  reset(): void;
}
