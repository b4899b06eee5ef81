import {
  BackendError,
  IndexError,
  type Backend,
  type Capabilities,
  type Dtype,
  type Expression,
  type Kernel,
  type TypedArray,
} from "@chainrule/core";
import { GpuBuffer } from "./buffer.ts";
import type { Driver, DriverStatistics, Runner } from "./device/driver.ts";
import { forEachInteger, integerInputs, type Load } from "./host/integers.ts";
import { sizeOf } from "./render/expression.ts";
import type { Source } from "./render/inputs.ts";
import { render } from "./render/kernels.ts";
import { mostElements } from "./render/target.ts";

/** An integer expression that must stay inside an axis, where the host can tell. */
interface IndexCheck {
  readonly expression: Expression;
  readonly shape: readonly number[];
  readonly inputs: ReadonlySet<number>;
  readonly size: number;
}

/** A compiled kernel: programs in order, the last of which gives the output. */
export interface GpuExecutable {
  readonly stages: readonly { readonly runner: Runner<unknown>; readonly sources: readonly Source[] }[];
  readonly inputs: number;
  readonly check: IndexCheck | null;
}

/** The dtypes that floats hold: int32 as far as they go. */
const dtypes = ["bool", "uint8", "int32", "float32"] as const;

/** Adapters that are the processor under another name. */
const softwareAdapter = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** The backend on gpu.js. Elements stay where the driver keeps them; only what is read comes back. */
export class GpuBackend implements Backend<GpuBuffer, GpuExecutable> {
  readonly name = "gpu";
  readonly mode: string;
  /** The adapter as it names itself. */
  readonly adapter: string;
  readonly threads = 1;
  readonly capabilities: Capabilities;
  readonly #driver: Driver;
  #disposed = false;

  constructor(driver: Driver) {
    this.#driver = driver;
    this.mode = softwareAdapter.test(driver.adapter) ? `${driver.mode} (software)` : driver.mode;
    this.adapter = driver.adapter;
    this.capabilities = {
      dtypes,
      synchronousReads: driver.synchronousReads,
      runsAhead: true,
      maxOutputs: 1,
      maxElements: driver.maxElements,
    };
  }

  /** Kernels compiled, textures held and bytes read back, for tests and for the curious. */
  get statistics(): DriverStatistics {
    return this.#driver.statistics;
  }

  alloc(length: number, dtype: Dtype): GpuBuffer {
    this.#checkAlive();
    return new GpuBuffer(this.#driver, length, dtype);
  }

  free(buffer: GpuBuffer): void {
    buffer.clear();
  }

  write(buffer: GpuBuffer, data: TypedArray): void {
    this.#checkAlive();
    buffer.setHost(data.slice());
  }

  async read(buffer: GpuBuffer): Promise<TypedArray> {
    this.#checkAlive();
    return buffer.read();
  }

  readSync(buffer: GpuBuffer): TypedArray {
    this.#checkAlive();
    return buffer.readSync();
  }

  compile(kernel: Kernel): GpuExecutable {
    this.#checkAlive();
    const stages = render(kernel, this.#driver.target).map(({ program, sources }) => ({
      runner: this.#driver.compile(program),
      sources,
    }));
    return { stages, inputs: kernel.inputs.length, check: checkOf(kernel) };
  }

  run({ stages, inputs, check }: GpuExecutable, buffers: readonly GpuBuffer[]): void {
    this.#checkAlive();
    for (const buffer of buffers) {
      if (buffer.driver !== this.#driver) {
        throw new BackendError(
          'tensors of two GPU contexts cannot be used in one operation; move one to the host first: await t.to("cpu")',
        );
      }
    }
    if (check) checkIndices(check, buffers);
    const made: unknown[] = [];
    const borrowed: unknown[] = [];
    try {
      for (const { runner, sources } of stages) {
        const slabs = sources.map((source) => {
          if (source.kind === "bound") return buffers[source.input]!.slab();
          if (source.kind === "stage") return made[source.stage]!;
          const uploaded = this.#driver.upload(hostElements(source, buffers));
          borrowed.push(uploaded);
          return uploaded;
        });
        made.push(runner.run(slabs));
      }
      buffers[inputs]!.setSlab(made.pop());
    } finally {
      for (const slab of [...made, ...borrowed]) this.#driver.release(slab);
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#driver.dispose();
  }

  #checkAlive(): void {
    if (this.#disposed) throw new BackendError("this gpu backend was disposed; make another: createGpu()");
  }
}

function checkOf(kernel: Kernel): IndexCheck | null {
  if (kernel.kind !== "gather" && kernel.kind !== "scatterAdd") return null;
  const inputs = integerInputs(kernel.index);
  const { axisSize: size } = kernel.kind === "gather" ? kernel.source : kernel.target;
  return inputs && { expression: kernel.index, shape: kernel.shape, inputs, size };
}

/** Throws an IndexError for an index out of range where all that it is made of is on the host. */
function checkIndices({ expression, shape, inputs, size }: IndexCheck, buffers: readonly GpuBuffer[]): void {
  for (const input of inputs) if (buffers[input]!.host === null) return;
  forEachInteger(expression, shape, loadFrom(buffers), (index) => {
    if (index >= 0 && index < size) return;
    throw new IndexError(
      `index ${index} is out of range for an axis of size ${size}: it must be one of 0 … ${size - 1}`,
    );
  });
}

function hostElements(
  { expression, shape }: Extract<Source, { kind: "host" }>,
  buffers: readonly GpuBuffer[],
): Float32Array {
  const size = sizeOf(shape);
  if (size > mostElements) {
    throw new BackendError(
      `gpu: ${size} random numbers in one operation; this backend takes ${mostElements}`,
    );
  }
  const elements = new Float32Array(size);
  forEachInteger(expression, shape, loadFrom(buffers), (value, position) => {
    elements[position] = Math.abs(value) < 2 ** 24 ? value : NaN;
  });
  return elements;
}

const loadFrom =
  (buffers: readonly GpuBuffer[]): Load =>
  (input, place) =>
    buffers[input]!.integers()[place]!;
