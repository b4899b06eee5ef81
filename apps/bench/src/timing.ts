/** Something that can be timed: it works that many times and says how long that took. */
export interface Timed {
  run(times: number): Promise<number>;
}

export interface TimingSettings {
  /** Milliseconds of work before anything counts: compilers and caches need some. */
  readonly warmUp: number;
  /** Milliseconds that a repetition should last. */
  readonly repetition: number;
  readonly repetitions: number;
  /** Milliseconds after which a slow one has done enough, once it has `leastRepetitions`. */
  readonly budget: number;
  readonly leastRepetitions: number;
  /** Milliseconds of a single run from which on that is the only one: checking the result has warmed it up. */
  readonly patience: number;
}

/** Many short repetitions: on a busy machine, more of them pass without the scheduler coming between. */
export const thorough: TimingSettings = {
  warmUp: 250,
  repetition: 20,
  repetitions: 25,
  budget: 1500,
  leastRepetitions: 3,
  patience: 2000,
};

export const quick: TimingSettings = {
  warmUp: 60,
  repetition: 12,
  repetitions: 7,
  budget: 250,
  leastRepetitions: 2,
  patience: 800,
};

/** Milliseconds of one run of each repetition, or why there are none. */
export type Timing = { readonly samples: readonly number[] } | { readonly error: Error };

/** What a warm-up tells: how many runs make a repetition, or the milliseconds of a run that is not to be repeated. */
type WarmedUp = { readonly times: number } | { readonly only: number };

async function warmUp(timed: Timed, settings: TimingSettings): Promise<WarmedUp> {
  let times = 1;
  let spent = 0;
  let each = Infinity;
  do {
    const milliseconds = await timed.run(times);
    spent += milliseconds;
    each = milliseconds / times;
    if (each > settings.patience) return { only: each };
    if (milliseconds < settings.repetition / 2) {
      times = Math.min(times * 4, Math.ceil(settings.repetition / Math.max(each, 1e-5)));
    }
  } while (spent < settings.warmUp);
  return { times: Math.max(1, Math.round(settings.repetition / Math.max(each, 1e-5))) };
}

/**
 * Times all of them in turns, repetition by repetition, so that whatever else the machine does meets all alike. Who
 * begins a round changes from round to round.
 */
export async function interleave(
  all: readonly Timed[],
  settings: TimingSettings,
  betweenRounds: () => void = () => {},
): Promise<Timing[]> {
  const runs = all.map((timed) => ({
    timed,
    times: 0,
    samples: [] as number[],
    spent: 0,
    error: null as Error | null,
  }));
  const attempt = async (run: (typeof runs)[number], body: () => Promise<void>): Promise<void> => {
    if (run.error) return;
    try {
      await body();
    } catch (error) {
      run.error = error instanceof Error ? error : new Error(String(error));
    }
  };
  for (const run of runs) {
    await attempt(run, async () => {
      const warmed = await warmUp(run.timed, settings);
      if ("times" in warmed) run.times = warmed.times;
      else run.samples.push(warmed.only);
    });
  }
  for (let round = 0; round < settings.repetitions; round++) {
    betweenRounds();
    for (let turn = 0; turn < runs.length; turn++) {
      const run = runs[(turn + round) % runs.length]!;
      if (run.times === 0) continue;
      if (run.spent > settings.budget && run.samples.length >= settings.leastRepetitions) continue;
      await attempt(run, async () => {
        const milliseconds = await run.timed.run(run.times);
        run.samples.push(milliseconds / run.times);
        run.spent += milliseconds;
      });
    }
  }
  return runs.map(({ samples, error }) => (error ? { error } : { samples }));
}
