/*
 * Fixed places at the start of memory, in bytes, by which threads and the host talk: `control.state` and so on to
 * others, each a constant that bundlers inline.
 */

/**
 * The present job: its number above bit 8, bit 7 while threads may still join it, and below how many have. What
 * threads spin on has a cache line to itself.
 */
export const state = 64;
/** Workers that sleep rather than spin. */
export const sleepers = 68;
/** Workers that joined the present job and are done with it. */
export const done = 128;
/** The number of the next piece of work. */
export const next = 192;
/** The job: the kernel's place in the table, where its bindings are, and its parameter. */
export const job = 196;
/** Not 0 after a worker could not do its job. */
export const failed = 208;
/** The index that was out of range, and the size of the axis. */
export const faultIndex = 256;
export const faultSize = 260;
/** Scratch for all threads together, and for each of them `privateSize` bytes from `privateScratch` on. */
export const sharedScratch = 264;
export const privateScratch = 268;
export const privateSize = 272;
/**
 * Where workers look up kernels that they have not loaded yet: for each index of the table the address and the
 * length of a module, and the index of its first function.
 */
export const registry = 276;
/** Where the heap begins. */
export const end = 1024;

/** Bytes of one entry of a plan: table index, address of the bindings, parameter, whether all threads take part. */
export const entrySize = 16;
