/*
 * What a kernel's function, and so a plan, answers: `status.ok` and so on to others.
 */

export const ok = 0;
/** The index and the size of the axis are in `control`. */
export const indexOutOfRange = 1;
export const workerLost = 2;
