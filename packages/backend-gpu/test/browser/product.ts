import { compile, random, realize, setBackend, type Tensor } from "@chainrule/core";
import { library } from "../../src/device/gpujs.ts";

/** Milliseconds of one product of square matrices, the least of several. */
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

  let [ours, bare] = [Infinity, Infinity];
  for (let round = 0; round < rounds; round++) {
    let start = performance.now();
    let result = product(a, b);
    for (let i = 1; i < repeats; i++) result = product(a, b);
    result.dataSync();
    ours = Math.min(ours, (performance.now() - start) / repeats);

    start = performance.now();
    let texture = bareProduct(left, right);
    for (let i = 1; i < repeats; i++) {
      texture.delete();
      texture = bareProduct(left, right);
    }
    texture.toArray();
    texture.delete();
    bare = Math.min(bare, (performance.now() - start) / repeats);
  }
  await gpu.destroy();
  return { ours, bare };
}
