import { BackendError } from "@chainrule/core";
import type { Program } from "../render/program.ts";
import { glsl100, glsl300, type Dialect } from "../render/dialect.ts";
import { fragmentPosition, nativeFunctions, shaderSource } from "../render/shader-helpers.ts";
import { mostElements, shaderTarget, type Target } from "../render/target.ts";
import type { Driver, DriverStatistics, GpuMode, Runner } from "./driver.ts";
import { enableFloats, kernelClass, type GlDevice } from "./gl-device.ts";
import type { KernelClass, RawKernel } from "./gpujs.ts";
import { sheetOf } from "./sheet.ts";
import { texelsOf, type Texels } from "./texels.ts";
import type { DeviceTexture } from "./texture.ts";
import { TexturePool } from "./texture-pool.ts";
import { TextureReader } from "./texture-reader.ts";

/** Without this a browser does not restore a context. */
const onLost = (event: Event): void => event.preventDefault();

/** WebGL: kernels are fragment shaders, and slabs are textures of a float a texel. */
export class ShaderDriver implements Driver<DeviceTexture> {
  readonly mode: GpuMode;
  readonly adapter: string;
  readonly target: Target;
  readonly maxElements: number;
  readonly synchronousReads = true;
  readonly #device: GlDevice;
  readonly #gl: WebGL2RenderingContext;
  readonly #dialect: Dialect;
  readonly #texels: Texels;
  readonly #maxFreeBytes: number;
  #Kernel: KernelClass;
  #pool: TexturePool;
  #reader: TextureReader;
  /** gpu.js sizes its canvas to its largest output; nothing is ever drawn there. */
  readonly #canvas = { width: 1, height: 1 };
  #compiled = 0;
  #bytesRead = 0;

  constructor(device: GlDevice, maxFreeBytes: number) {
    if (!enableFloats(device)) throw new BackendError("this WebGL context cannot draw into float textures");
    const { gl } = device;
    this.mode = device.mode;
    this.adapter = device.adapter;
    this.#device = device;
    this.#gl = gl;
    this.#dialect = device.version === 2 ? glsl300 : glsl100;
    this.#texels = texelsOf(device);
    this.#maxFreeBytes = maxFreeBytes;
    this.#Kernel = kernelClass(device);
    const units = Number(gl.getParameter(gl.MAX_TEXTURE_IMAGE_UNITS));
    // gpu.js selects its outputs through a unit of their own.
    this.target = shaderTarget(units - 2);
    const side = Number(gl.getParameter(gl.MAX_TEXTURE_SIZE));
    let most = mostElements;
    while (sheetOf(most).height > side) most /= 2;
    this.maxElements = most;
    this.#pool = new TexturePool(gl, this.#texels, maxFreeBytes);
    this.#reader = new TextureReader(device);
    // Without a browser nobody takes the context away, and there is no canvas to tell of it.
    gl.canvas?.addEventListener("webglcontextlost", onLost);
    gl.canvas?.addEventListener("webglcontextrestored", this.#onRestored);
  }

  /** A context that comes back is empty: kernels are compiled again when they are next run, and textures are gone. */
  readonly #onRestored = (): void => {
    enableFloats(this.#device);
    this.#Kernel = kernelClass(this.#device);
    this.#pool = new TexturePool(this.#gl, this.#texels, this.#maxFreeBytes);
    this.#reader = new TextureReader(this.#device);
  };

  get statistics(): DriverStatistics {
    return { compiled: this.#compiled, textures: this.#pool.count, bytesRead: this.#bytesRead };
  }

  #checkContext(...textures: readonly DeviceTexture[]): void {
    if (this.#gl.isContextLost() || textures.some(({ pool }) => pool !== this.#pool)) {
      throw new BackendError(
        "the GPU's context was lost (the driver was reset, or the page had too many contexts), and with it all " +
          "that was there; once the browser has restored it, load the last checkpoint and go on",
      );
    }
  }

  upload(data: Float32Array): DeviceTexture {
    this.#checkContext();
    const gl = this.#gl;
    const texture = this.#pool.take(data.length);
    const { width } = texture;
    const rows = Math.floor(data.length / width);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture.texture);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    if (rows > 0) this.#texels.write(data.subarray(0, rows * width), 0, width, rows);
    const rest = data.length - rows * width;
    if (rest > 0) this.#texels.write(data.subarray(rows * width), rows, rest, 1);
    return texture;
  }

  release(texture: DeviceTexture): void {
    if (texture.pool === this.#pool) this.#pool.give(texture);
  }

  async read(texture: DeviceTexture, length: number): Promise<Float32Array> {
    this.#checkContext(texture);
    this.#bytesRead += 4 * length;
    const data = await this.#reader.read(texture);
    // What a lost context gives is zeros.
    this.#checkContext(texture);
    return data;
  }

  readSync(texture: DeviceTexture, length: number): Float32Array {
    this.#checkContext(texture);
    this.#bytesRead += 4 * length;
    const data = this.#reader.readSync(texture);
    this.#checkContext();
    return data;
  }

  compile(program: Program): Runner<DeviceTexture> {
    // The sizes of arguments are literals in a shader.
    const kernels = new Map<string, RawKernel>();
    let compiledBy = this.#Kernel;
    const run = (inputs: readonly DeviceTexture[]): DeviceTexture => {
      this.#checkContext(...inputs);
      if (compiledBy !== this.#Kernel) kernels.clear();
      compiledBy = this.#Kernel;
      const output = this.#pool.take(program.length);
      const sizes = inputs.map(({ width, height }) => `${width},${height}`).join(";");
      let kernel = kernels.get(sizes);
      try {
        if (kernel === undefined) {
          kernel = this.#create(program, output, inputs);
          kernels.set(sizes, kernel);
        }
        kernel.texture = output;
        kernel._textureSwitched = true;
        kernel.run(...inputs);
      } catch (error) {
        this.release(output);
        this.#checkContext();
        throw error;
      }
      return output;
    };
    return { run };
  }

  #create(program: Program, output: DeviceTexture, inputs: readonly DeviceTexture[]): RawKernel {
    this.#compiled++;
    const { source, helpers } = program;
    const kernel = new this.#Kernel(source, {
      context: this.#gl,
      canvas: this.#canvas,
      validate: true,
      output: output.height === 1 ? [1] : [output.width, output.height],
      constants: {},
      constantTypes: {},
      precision: "single",
      tactic: "precision",
      pipeline: true,
      immutable: false,
      loopMaxIterations: mostElements,
      fixIntegerDivisionAccuracy: false,
      argumentTypes: inputs.map(({ type }) => type),
      returnType: "Float",
      nativeFunctions: nativeFunctions(helpers, true),
      injectedNative: `${shaderSource(helpers, this.#dialect)}\n${fragmentPosition}`,
      texture: output,
    });
    kernel.texture = output;
    kernel.build(...inputs);
    return kernel;
  }

  dispose(): void {
    this.#gl.canvas?.removeEventListener("webglcontextlost", onLost);
    this.#gl.canvas?.removeEventListener("webglcontextrestored", this.#onRestored);
    this.#pool.clear();
    this.#device.close();
  }
}
