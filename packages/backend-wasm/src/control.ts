/**
 * Fixed places at the start of memory, in bytes, by which threads and the host talk.
 */
export const control = {
  /**
   * The present job: its number above bit 8, bit 7 while threads may still join it, and below how many have. What
   * threads spin on has a cache line to itself.
   */
  state: 64,
  /** Workers that sleep rather than spin. */
  sleepers: 68,
  /** Workers that joined the present job and are done with it. */
  done: 128,
  /** The number of the next piece of work. */
  next: 192,
  /** The job: the kernel's place in the table, where its bindings are, and its parameter. */
  job: 196,
  /** Not 0 after a worker could not do its job. */
  failed: 208,
  /** The index that was out of range, and the size of the axis. */
  faultIndex: 256,
  faultSize: 260,
  /** Scratch for all threads together, and for each of them `privateSize` bytes from `privateScratch` on. */
  sharedScratch: 264,
  privateScratch: 268,
  privateSize: 272,
  /**
   * Where workers look up kernels that they have not loaded yet: for each index of the table the address and the
   * length of a module, and the index of its first function.
   */
  registry: 276,
  /** Where the heap begins. */
  end: 1024,
} as const;

/** What a kernel's function, and so a plan, answers. */
export const status = { ok: 0, indexOutOfRange: 1, workerLost: 2 } as const;

/** Bytes of one entry of a plan: table index, address of the bindings, parameter, whether all threads take part. */
export const entrySize = 16;
