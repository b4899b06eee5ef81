/**
 * Times products on one thread: `node packages/backend-cpu/bench/products.ts [folder]`. Where `@tensorflow/tfjs` is
 * installed in `folder`, its CPU backend does the same products in the same run, in turns.
 */
/* oxlint-disable no-console */
import { createRequire } from "node:module";
import { join } from "node:path";
import type { DotKernel } from "@chainrule/core";
import { createCpu } from "../src/index.ts";

/** A product by name; `tA` and `tB` say that an operand is stored transposed. */
interface Case {
  readonly name: string;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly tA?: boolean;
  readonly tB?: boolean;
}

const square = (size: number): Case => ({ name: `${size}³ NN`, m: size, n: size, k: size });

const cases: readonly Case[] = [
  ...[64, 128, 256, 512, 1024].map(square),
  { ...square(512), name: "512³ NT", tB: true },
  { ...square(512), name: "512³ TN", tA: true },
  { name: "MLP forward 1, B=64", m: 64, n: 128, k: 784, tB: true },
  { name: "MLP weight gradient 1, B=64", m: 128, n: 784, k: 64, tA: true },
  { name: "MLP forward 2, B=64", m: 64, n: 10, k: 128, tB: true },
  { name: "MLP weight gradient 2, B=64", m: 10, n: 128, k: 64, tA: true },
  { name: "MLP hidden gradient, B=64", m: 64, n: 128, k: 10 },
  { name: "MLP forward 1, B=1", m: 1, n: 128, k: 784, tB: true },
  { name: "MLP weight gradient 1, B=1", m: 128, n: 784, k: 1, tA: true },
  { name: "MLP forward 2, B=1", m: 1, n: 10, k: 128, tB: true },
  { name: "MLP hidden gradient, B=1", m: 1, n: 128, k: 10 },
];

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

/** Seconds a call, the best of several runs of about a fiftieth of a second. */
function time(run: () => void): number {
  const start = performance.now();
  let calls = 0;
  while (calls < 3 || performance.now() - start < 150) {
    run();
    calls++;
  }
  const each = Math.max(1, Math.round((calls * 20) / (performance.now() - start)));
  let best = Infinity;
  for (let i = 0; i < 7; i++) {
    const from = performance.now();
    for (let j = 0; j < each; j++) run();
    best = Math.min(best, (performance.now() - from) / each / 1e3);
  }
  return best;
}

interface Peer {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor2d(values: Float32Array, shape: [number, number]): unknown;
  matMul(a: unknown, b: unknown, transposeA: boolean, transposeB: boolean): { dispose(): void };
}

async function loadPeer(folder: string | undefined): Promise<Peer | null> {
  if (folder === undefined) return null;
  const peer = createRequire(join(folder, "package.json"))("@tensorflow/tfjs") as Peer;
  await peer.setBackend("cpu");
  await peer.ready();
  return peer;
}

const peer = await loadPeer(process.argv[2]);
const random = (length: number): Float32Array => Float32Array.from({ length }, () => Math.random() - 0.5);
const backend = createCpu({ codegen: process.env["INTERPRETER"] === undefined });
console.log(`node ${process.version}, mode ${backend.mode}${peer ? ", with tfjs CPU" : ""}; GFLOP/s`);
for (const one of cases) {
  const { name, m, n, k, tA = false, tB = false } = one;
  const [a, b, out] = [random(m * k), random(k * n), new Float32Array(m * n)];
  const executable = backend.compile(kernelOf(one));
  const seconds = time(() => backend.run(executable, [a, b, out]));
  const speed = (seconds: number): number => (2 * m * n * k) / seconds / 1e9;
  let line = `${name.padEnd(28)} ${speed(seconds).toFixed(2).padStart(6)}  ${(seconds * 1e6).toFixed(1).padStart(9)} µs`;
  if (peer) {
    const x = peer.tensor2d(a, tA ? [k, m] : [m, k]);
    const y = peer.tensor2d(b, tB ? [n, k] : [k, n]);
    const theirs = time(() => peer.matMul(x, y, tA, tB).dispose());
    line += `   tfjs ${speed(theirs).toFixed(2).padStart(5)}   ratio ${(theirs / seconds).toFixed(1)}`;
  }
  console.log(line);
}
