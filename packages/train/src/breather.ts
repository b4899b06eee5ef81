/**
 * Lets the event loop run now and then: steps on a synchronous backend never wait for anything, and timers, signals
 * such as Ctrl-C, and a page's events would otherwise have to wait for the end of training.
 */
export class Breather {
  readonly #interval: number;
  #last: number = performance.now();

  /** @param interval milliseconds of work between two breaths. */
  constructor(interval: number = 40) {
    this.#interval = interval;
  }

  /** Whether it is time for `breathe`. */
  get due(): boolean {
    return performance.now() - this.#last >= this.#interval;
  }

  async breathe(): Promise<void> {
    await nextTask();
    this.#last = performance.now();
  }
}

/** Node's own turn of the loop where there is one: it waits for nothing, a timer waits at least a millisecond. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof globalThis.setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
