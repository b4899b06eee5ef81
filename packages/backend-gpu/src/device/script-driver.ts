import { BackendError } from "@chainrule/core";
import type { Program } from "../render/program.ts";
import { scriptFunctions } from "../render/script-helpers.ts";
import { mostElements, scriptTarget, type Target } from "../render/target.ts";
import type { Driver, DriverStatistics, Runner } from "./driver.ts";
import { library, type Gpu, type Shortcut } from "./gpujs.ts";

/** The modes without a GPU: gpu.js turns kernels into JavaScript or WebAssembly, and slabs are arrays. */
export class ScriptDriver implements Driver<Float32Array> {
  readonly mode: "webasm" | "cpu";
  readonly adapter: string = "none: these kernels run on the processor";
  readonly target: Target;
  readonly maxElements: number = mostElements;
  readonly synchronousReads = true;
  readonly #gpu: Gpu;
  #compiled = 0;
  #bytesRead = 0;

  constructor(mode: "webasm" | "cpu") {
    this.mode = mode;
    this.#gpu = new library.GPU({ mode });
    const expected = mode === "cpu" ? library.CPUKernel : library.WebAssemblyKernel;
    if (this.#gpu.Kernel !== expected) throw new BackendError(`gpu.js did not start in mode "${mode}"`);
    this.target = scriptTarget(mode === "webasm");
  }

  get statistics(): DriverStatistics {
    return { compiled: this.#compiled, textures: 0, bytesRead: this.#bytesRead };
  }

  upload(data: Float32Array): Float32Array {
    return data;
  }

  release(_slab: Float32Array): void {}

  read(slab: Float32Array, length: number): Promise<Float32Array> {
    return Promise.resolve(this.readSync(slab, length));
  }

  readSync(slab: Float32Array, length: number): Float32Array {
    this.#bytesRead += 4 * length;
    return slab;
  }

  compile(program: Program): Runner<Float32Array> {
    // gpu.js keeps to the sizes of the first call.
    const kernels = new Map<string, Shortcut>();
    const run = (inputs: readonly Float32Array[]): Float32Array => {
      const sizes = inputs.map(({ length }) => length).join();
      let kernel = kernels.get(sizes);
      if (kernel === undefined) kernels.set(sizes, (kernel = this.#create(program)));
      const output = kernel(...inputs) as Float32Array;
      if (kernel.kernel.fallbackReason !== undefined && kernel.kernel.fallbackReason !== null) {
        throw new BackendError(
          `gpu.js could not compile a kernel in mode "${this.mode}": ${kernel.kernel.fallbackReason}`,
        );
      }
      return output;
    };
    return { run };
  }

  #create({ source, length, constants }: Program): Shortcut {
    this.#compiled++;
    const kernel = this.#gpu.createKernel(source, {
      output: [length],
      constants,
      constantTypes: Object.fromEntries(Object.keys(constants).map((name) => [name, "Float"])),
      precision: "single",
      tactic: "precision",
      loopMaxIterations: mostElements,
      returnType: "Float",
      functions: scriptFunctions(),
    });
    // What this list keeps nobody else uses: a kernel lives as long as whoever holds it.
    this.#gpu.kernels.length = 0;
    return kernel;
  }

  dispose(): void {
    void this.#gpu.destroy();
  }
}
