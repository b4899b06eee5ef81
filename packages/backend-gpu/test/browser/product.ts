import { compile, random, realize, setBackend, type Tensor } from "@chainrule/core";
import { library } from "../../src/device/gpujs.ts";

/** Milliseconds of one product of square matrices, the median of several. */
export interface ProductTimes {
  readonly ours: number;
  /** A kernel of gpu.js as its documentation writes it, textures in and out. */
  readonly bare: number;
}

interface Bare {
  (...args: unknown[]): { toArray(): Float32Array[]; delete(): void };
}

/** Each time is that of several products and one read of the last, so that all are done. */
export async function timeProducts(size: number, repeats: number, rounds: number): Promise<ProductTimes> {
  await setBackend("gpu");
  const a = random.normal([size, size]);
  const b = random.normal([size, size]);
  await realize(a, b);
  const product = compile((x: Tensor, y: Tensor) => x.matmul(y), { reuseOutputs: true });
  const [hostA, hostB] = [await a.data(), await b.data()];

  const gpu = new library.GPU({ mode: "webgl2" });
  const settings = {
    output: [size, size],
    pipeline: true,
    immutable: true,
    precision: "single",
    tactic: "precision",
    constants: { size },
  };
  const create = (source: string): Bare => gpu.createKernel(source, settings as never) as unknown as Bare;
  const upload = create("function (a) { return a[this.thread.y * this.constants.size + this.thread.x]; }");
  const bareProduct = create(
    "function (a, b) { let sum = 0; for (let k = 0; k < this.constants.size; k++) { " +
      "sum += a[this.thread.y][k] * b[k][this.thread.x]; } return sum; }",
  );
  const [left, right] = [upload(hostA), upload(hostB)];

  const computeOurs = (): void => {
    let result = product(a, b);
    for (let i = 1; i < repeats; i++) result = product(a, b);
    result.dataSync();
  };
  const computeBare = (): void => {
    let texture = bareProduct(left, right);
    for (let i = 1; i < repeats; i++) {
      texture.delete();
      texture = bareProduct(left, right);
    }
    texture.toArray();
    texture.delete();
  };
  const times = new Map([computeOurs, computeBare].map((compute) => [compute, [] as number[]]));
  for (const compute of times.keys()) compute();
  for (let round = 0; round < rounds; round++) {
    // Whoever is first in a round is so in every other one.
    for (const compute of round % 2 === 0 ? [computeOurs, computeBare] : [computeBare, computeOurs]) {
      const start = performance.now();
      compute();
      times.get(compute)!.push((performance.now() - start) / repeats);
    }
  }
  const [ours = NaN, bare = NaN] = [...times.values()].map(
    (all) => all.toSorted((p, q) => p - q)[all.length >> 1]!,
  );
  await gpu.destroy();
  return { ours, bare };
}
