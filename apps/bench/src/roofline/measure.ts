import { median } from "../statistics.ts";
import { flopsPerTurn, type Instructions, peakModule } from "./module.ts";

/** Peaks of one core, in 10⁹ floating-point operations a second. */
export interface Roofline {
  /** Of a loop of WASM multiply-adds on registers; null where WASM has no SIMD. */
  readonly wasmGflops: number | null;
  readonly wasmInstructions: Instructions | null;
  /** Of a loop of scalar multiplies and adds in JavaScript. */
  readonly scalarGflops: number;
}

type Peak = (turns: number, x: number, y: number) => number;

function instantiate(): { readonly instructions: Instructions; readonly peak: Peak } | null {
  for (const instructions of ["relaxed-simd", "simd"] as const) {
    const bytes = peakModule(instructions);
    if (!WebAssembly.validate(bytes)) continue;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    return { instructions, peak: exports["peak"] as Peak };
  }
  return null;
}

const scalarFlopsPerTurn = 16;

/** Eight independent chains of a multiply and an add: as many as hide their latency and still fit the registers. */
function scalarPeak(turns: number, x: number, y: number): number {
  let [a, b, c, d, e, f, g, h] = [1, 2, 3, 4, 5, 6, 7, 8];
  for (let i = 0; i < turns; i++) {
    a = a * x + y;
    b = b * x + y;
    c = c * x + y;
    d = d * x + y;
    e = e * x + y;
    f = f * x + y;
    g = g * x + y;
    h = h * x + y;
  }
  return a + b + c + d + e + f + g + h;
}

/** Measures the roofline in small samples, to be taken between the repetitions of products. */
export class RooflineMeter {
  readonly #wasm = instantiate();
  readonly #wasmSamples: number[] = [];
  readonly #scalarSamples: number[] = [];

  constructor() {
    // A loop that runs is not replaced by its optimised form: many short calls before the first sample.
    for (let i = 0; i < 300; i++) {
      scalarPeak(1000, 0.5, 0.25);
      this.#wasm?.peak(1000, 0.5, 0.25);
    }
    for (let i = 0; i < 3; i++) this.sample();
    this.#wasmSamples.length = 0;
    this.#scalarSamples.length = 0;
    this.sample();
  }

  /** A few milliseconds of each loop. */
  sample(): void {
    const time = (loop: Peak, flops: number, turns: number): number => {
      const start = performance.now();
      let sink = 0;
      for (let i = 0; i < 100; i++) sink += loop(turns, 0.5, 0.25);
      const milliseconds = performance.now() - start;
      // Sums that nobody reads need not be computed.
      if (Number.isNaN(sink)) throw new Error("the loop gave NaN");
      return (100 * turns * flops) / milliseconds / 1e6;
    };
    if (this.#wasm) this.#wasmSamples.push(time(this.#wasm.peak, flopsPerTurn, 20_000));
    this.#scalarSamples.push(time(scalarPeak, scalarFlopsPerTurn, 5000));
  }

  /** Medians of all samples so far. */
  get roofline(): Roofline {
    return {
      wasmGflops: this.#wasm ? median(this.#wasmSamples) : null,
      wasmInstructions: this.#wasm?.instructions ?? null,
      scalarGflops: median(this.#scalarSamples),
    };
  }
}
