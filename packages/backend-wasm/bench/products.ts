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

/** A product by name, and how many elements its operands have. */
interface Case {
  readonly name: string;
  readonly kernel: DotKernel;
  readonly lengths: readonly [a: number, b: number];
}

const totalOf = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);

function kernelOf(
  { m, n, k, a, b }: Pick<DotKernel, "m" | "n" | "k" | "a" | "b">,
  batch: number[],
): DotKernel {
  return {
    kind: "dot",
    dtype: "float32",
    m,
    n,
    k,
    a,
    b,
    inputs: ["float32", "float32"],
    shape: [...batch, totalOf(m), totalOf(n)],
    outputs: [{ kind: "result", dtype: "float32" }],
    key: "",
  };
}

/** Of matrices, of which an operand may be stored transposed. */
function matrices(name: string, m: number, n: number, k: number, stored = "NN"): Case {
  const [tA, tB] = [stored[0] === "T", stored[1] === "T"];
  const a = { input: 0, offset: 0, batch: [], row: [tA ? 1 : k], column: [tA ? m : 1] };
  const b = { input: 1, offset: 0, batch: [], row: [tB ? 1 : n], column: [tB ? k : 1] };
  return { name, kernel: kernelOf({ m: [m], n: [n], k: [k], a, b }, []), lengths: [m * k, k * n] };
}

/** Of a convolution of `batch` images that have their margins already, and of its weight's gradient. */
function convolutions(batch: number, from: number, to: number, size: number, side: number): Case[] {
  const padded = side + size - 1;
  const [image, area] = [from * padded ** 2, size ** 2];
  const name = `B=${batch} ${from}→${to} ${size}×${size} on ${side}²`;
  const windows = { n: [side, side], k: [from, size, size] };
  const weight = { input: 0, offset: 0, batch: [0], row: [from * area], column: [area, size, 1] };
  const input = { input: 1, offset: 0, batch: [image], row: [padded ** 2, padded, 1], column: [padded, 1] };
  const upstream = { input: 0, offset: 0, batch: [], row: [side ** 2], column: [to * side ** 2, side, 1] };
  const turned = {
    input: 1,
    offset: 0,
    batch: [],
    row: [image, padded, 1],
    column: [padded ** 2, padded, 1],
  };
  return [
    {
      name: `${name}, output`,
      kernel: kernelOf({ m: [to], ...windows, a: weight, b: input }, [batch]),
      lengths: [to * from * area, batch * image],
    },
    {
      name: `${name}, weights`,
      kernel: kernelOf({ m: [to], n: windows.k, k: [batch, side, side], a: upstream, b: turned }, []),
      lengths: [batch * to * side ** 2, batch * image],
    },
  ];
}

const cases: Case[] = [
  ...[64, 128, 256, 512, 1024].flatMap((size) =>
    ["NN", "NT", "TN"].map((stored) => matrices(`${size} ${stored}`, size, size, size, stored)),
  ),
  ...[1, 32, 128, 512].flatMap((batch) => [
    matrices(`B=${batch} forward 784→128`, batch, 128, 784, "NT"),
    matrices(`B=${batch} weights 128×784`, 128, 784, batch, "TN"),
    matrices(`B=${batch} forward 128→10`, batch, 10, 128, "NT"),
    matrices(`B=${batch} weights 10×128`, 10, 128, batch, "TN"),
    matrices(`B=${batch} hidden 10→128`, batch, 128, 10),
  ]),
  ...convolutions(32, 1, 8, 5, 28),
  ...convolutions(32, 8, 16, 5, 14),
  ...convolutions(32, 32, 64, 3, 16),
];

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
for (const { name, kernel, lengths } of cases) {
  if (process.argv[4] !== undefined && !name.includes(process.argv[4])) continue;
  const operations = 2 * totalOf(kernel.shape) * totalOf(kernel.k);
  const buffers = [...lengths, totalOf(kernel.shape)].map((length) => {
    const buffer = backend.alloc(length, "float32");
    backend.write(
      buffer,
      Float32Array.from({ length }, () => Math.random() - 0.5),
    );
    return buffer;
  });
  const executable = backend.compile(kernel);
  const productSpeed = speed((times) => {
    for (let i = 0; i < times; i++) backend.run(executable, buffers);
  }, operations);
  for (let i = 0; i < 6; i++) productSpeed(10);
  const rounds = Array.from({ length: 41 }, () => [productSpeed(2), peakSpeed(2)] as const);
  const rate = Math.max(...rounds.map(([own]) => own));
  const best = Math.max(...rounds.map(([, other]) => other));
  const share = median(rounds.map(([own, other]) => own / other));
  const line = [
    name.padEnd(30),
    rate.toFixed(1).padStart(6),
    `${((rate / best) * 100).toFixed(0)} %`.padStart(6),
    `(${(share * 100).toFixed(0)} %)`.padStart(8),
    `${(operations / rate / 1e3).toFixed(1)} µs`.padStart(12),
    `peak ${best.toFixed(1)}`.padStart(12),
  ];
  console.log(line.join(" "));
  for (const buffer of buffers) backend.free(buffer);
}
backend.dispose();
