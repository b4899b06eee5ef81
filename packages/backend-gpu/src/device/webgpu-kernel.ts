import { wgsl } from "../render/dialect.ts";
import type { Program } from "../render/program.ts";
import { nativeFunctions, shaderSource } from "../render/shader-helpers.ts";
import { library, type KernelSettings } from "./gpujs.ts";
import { bufferUsage, computeStage } from "./webgpu-flags.ts";

/** Threads that run together, as gpu.js writes it into kernels with one axis. */
const groupSize = 64;

/** Bound buffers that a kernel remembers together. */
const maxBindings = 16;

/** Writes WGSL as gpu.js does, and leaves making and running it to us: gpu.js does both by promises alone. */
class Translator extends library.WebGPUKernel {
  _buildAsync(): Promise<void> {
    return Promise.resolve();
  }
}

/** What gpu.js calls our helpers: a prefix, and each underscore as "u_u". */
const mangled = /\bfn_cru_u(?=\w+\()/g;

/** A program as WGSL: bindings are its parameters, its arguments in order, and its output. */
export function translate({ source, inputs, length, helpers }: Program): string {
  const settings: KernelSettings = {
    output: [length],
    constants: {},
    constantTypes: {},
    precision: "single",
    tactic: "precision",
    pipeline: true,
    loopMaxIterations: length,
    argumentTypes: Array.from({ length: inputs }, () => "WebGPUBuffer"),
    returnType: "Float",
    nativeFunctions: nativeFunctions(helpers, false),
  };
  const kernel = new Translator(source, settings);
  kernel.build(...Array.from({ length: inputs }, () => ({ type: "WebGPUBuffer" })));
  return `${shaderSource(helpers, wgsl)}\n${kernel.compiledSource!.replaceAll(mangled, "cr_")}`;
}

/** A program made ready on one device. */
export class WebGpuKernel {
  readonly #device: GPUDevice;
  readonly #pipeline: GPUComputePipeline;
  readonly #layout: GPUBindGroupLayout;
  readonly #parameters: GPUBuffer;
  readonly #groups: readonly [number, number];
  readonly #bindings = new Map<string, GPUBindGroup>();

  constructor(device: GPUDevice, program: Program) {
    this.#device = device;
    const { inputs, length } = program;
    const types: GPUBufferBindingType[] = [
      "uniform",
      ...Array.from({ length: inputs }, () => "read-only-storage" as const),
      "storage",
    ];
    this.#layout = device.createBindGroupLayout({
      entries: types.map((type, binding) => ({
        binding,
        visibility: computeStage,
        buffer: { type },
      })),
    });
    this.#pipeline = device.createComputePipeline({
      layout: device.createPipelineLayout({ bindGroupLayouts: [this.#layout] }),
      compute: { module: device.createShaderModule({ code: translate(program) }), entryPoint: "main" },
    });
    const groups = Math.max(1, Math.ceil(length / groupSize));
    const rows = Math.ceil(groups / device.limits.maxComputeWorkgroupsPerDimension);
    this.#groups = [Math.ceil(groups / rows), rows];
    // The output's sizes and the threads in a row of groups, then sizes of arguments, which one axis does not need.
    this.#parameters = device.createBuffer({
      size: 16 * (1 + inputs),
      usage: bufferUsage.uniform,
      mappedAtCreation: true,
    });
    const words = new Uint32Array(this.#parameters.getMappedRange());
    words.set([length, 1, 1, this.#groups[0] * groupSize]);
    this.#parameters.unmap();
  }

  /** Adds the kernel to a pass. Buffers are its arguments and its output, each with a number of its own. */
  encode(
    pass: GPUComputePassEncoder,
    buffers: readonly { readonly id: number; readonly buffer: GPUBuffer }[],
  ): void {
    const key = buffers.map(({ id }) => id).join();
    let group = this.#bindings.get(key);
    if (group === undefined) {
      group = this.#device.createBindGroup({
        layout: this.#layout,
        entries: [this.#parameters, ...buffers.map(({ buffer }) => buffer)].map((buffer, binding) => ({
          binding,
          resource: { buffer },
        })),
      });
      if (this.#bindings.size >= maxBindings) this.#bindings.clear();
      this.#bindings.set(key, group);
    }
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...this.#groups);
  }
}
