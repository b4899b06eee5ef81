/** Milliseconds within which further signals are one request: a shell and a package manager may both pass it on. */
const grace = 1_000;

/** Turns a Ctrl-C or a termination into an abort, so that work can end well; a second one, later, ends it at once. */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #handlers: readonly (readonly [NodeJS.Signals, () => void])[];
  #exitCode = 0;
  #first = 0;

  constructor() {
    // By convention the exit code is 128 plus the signal's number.
    const codes = { SIGINT: 130, SIGTERM: 143 } as const;
    this.#handlers = Object.entries(codes).map(([signal, exitCode]) => {
      return [signal as keyof typeof codes, () => this.#receive(exitCode)];
    });
    for (const [signal, handler] of this.#handlers) process.on(signal, handler);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code that tells of the signal, 0 where none came. */
  get exitCode(): number {
    return this.#exitCode;
  }

  /** Gives the signals back to the platform's own handling. */
  release(): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
  }

  #receive(exitCode: number): void {
    if (this.#exitCode === 0) {
      this.#exitCode = exitCode;
      this.#first = performance.now();
      this.#controller.abort(new Error("interrupted"));
    } else if (performance.now() - this.#first > grace) {
      process.exit(exitCode);
    }
  }
}
