/**
 * Products as a share of what the processor can do in WebAssembly: `node packages/backend-wasm/bench/products.ts
 * [threads] [relaxed|simd] [part of a name]`. The peak is the register tile alone, in the cache, on one thread; each
 * product is timed in turns with it. Shares are of the best rounds and, in brackets, medians of the rounds' own:
 * other work on the machine changes them little.
 */
/* oxlint-disable no-console */
import type { DotKernel } from "@chainrule/core";
import { createWasm, type InstructionSet, type WasmBackend } from "../src/index.ts";
import { peakLoop } from "./peak.ts";

/** A product by name; `tA` and `tB` say that an operand is stored transposed. */
interface Case {
  readonly name: string;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly tA?: boolean;
  readonly tB?: boolean;
}

const squares = [64, 128, 256, 512, 1024].flatMap((size): Case[] => {
  const shape = { m: size, n: size, k: size };
  return [
    { name: `${size} NN`, ...shape },
    { name: `${size} NT`, ...shape, tB: true },
    { name: `${size} TN`, ...shape, tA: true },
  ];
});
const network = [1, 32, 128, 512].flatMap((batch): Case[] => [
  { name: `B=${batch} forward 784→128`, m: batch, n: 128, k: 784, tB: true },
  { name: `B=${batch} weights 128×784`, m: 128, n: 784, k: batch, tA: true },
  { name: `B=${batch} forward 128→10`, m: batch, n: 10, k: 128, tB: true },
  { name: `B=${batch} weights 10×128`, m: 10, n: 128, k: batch, tA: true },
  { name: `B=${batch} hidden 10→128`, m: batch, n: 128, k: 10 },
]);

function kernelOf({ m, n, k, tA = false, tB = false }: Case): DotKernel {
  return {
    kind: "dot",
    dtype: "float32",
    m: [m],
    n: [n],
    k: [k],
    inputs: ["float32", "float32"],
    shape: [m, n],
    a: { input: 0, offset: 0, batch: [], row: [tA ? 1 : k], column: [tA ? m : 1] },
    b: { input: 1, offset: 0, batch: [], row: [tB ? 1 : n], column: [tB ? k : 1] },
    outputs: [{ kind: "result", dtype: "float32" }],
    key: "",
  };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const threads = Number(process.argv[2] ?? 1);
const instructionSet = (process.argv[3] ?? "relaxed") as InstructionSet;

/** Operations a nanosecond, of a run that takes a few milliseconds. */
function speed(run: (times: number) => void, operations: number): (milliseconds: number) => number {
  let times = 1;
  for (;;) {
    const start = performance.now();
    run(times);
    if (performance.now() - start > 1) break;
    times *= 2;
  }
  return (milliseconds) => {
    const start = performance.now();
    let calls = 0;
    do {
      run(times);
      calls += times;
    } while (performance.now() - start < milliseconds);
    return (operations * calls) / (performance.now() - start) / 1e6;
  };
}

const backend = (await createWasm({ threads, instructionSet }).create()) as WasmBackend;
const peak = peakLoop(instructionSet);
const peakSpeed = speed(peak.run, peak.operations);
for (let i = 0; i < 20; i++) peakSpeed(5);

console.log(`node ${process.version}, ${backend.mode}; GFLOP/s, and the share of one thread's peak`);
for (const one of [...squares, ...network]) {
  if (process.argv[4] !== undefined && !one.name.includes(process.argv[4])) continue;
  const { m, n, k } = one;
  const [a, b, c] = [m * k, k * n, m * n].map((length) => {
    const buffer = backend.alloc(length, "float32");
    backend.write(
      buffer,
      Float32Array.from({ length }, () => Math.random() - 0.5),
    );
    return buffer;
  });
  const executable = backend.compile(kernelOf(one));
  const productSpeed = speed(
    (times) => {
      for (let i = 0; i < times; i++) backend.run(executable, [a, b, c]);
    },
    2 * m * n * k,
  );
  for (let i = 0; i < 6; i++) productSpeed(10);
  const rounds = Array.from({ length: 41 }, () => [productSpeed(2), peakSpeed(2)] as const);
  const rate = Math.max(...rounds.map(([own]) => own));
  const best = Math.max(...rounds.map(([, other]) => other));
  const share = median(rounds.map(([own, other]) => own / other));
  const line = [
    one.name.padEnd(22),
    rate.toFixed(1).padStart(6),
    `${((rate / best) * 100).toFixed(0)} %`.padStart(6),
    `(${(share * 100).toFixed(0)} %)`.padStart(8),
    `${((2 * m * n * k) / rate / 1e3).toFixed(1)} µs`.padStart(12),
    `peak ${best.toFixed(1)}`.padStart(12),
  ];
  console.log(line.join(" "));
  for (const buffer of [a, b, c]) backend.free(buffer);
}
backend.dispose();
