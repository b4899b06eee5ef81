import { BackendError } from "@chainrule/core";
import type { Program } from "../render/program.ts";
import { nativeFunctions, shaderSource } from "../render/shader-helpers.ts";
import { shaderTarget, type Target } from "../render/target.ts";
import type { Driver, DriverStatistics, Runner } from "./driver.ts";
import { createKernel, library, type Gpu, type RawKernel } from "./gpujs.ts";
import { sheetOf } from "./sheet.ts";
import type { DeviceTexture } from "./texture.ts";
import { TexturePool } from "./texture-pool.ts";
import { TextureReader } from "./texture-reader.ts";

/** Positions inside shaders are 32-bit integers; beyond this a texture would be larger than most devices hold. */
const mostElements = 2 ** 26;

/** Opens a WebGL2 context of its own; null where there is none. */
export function openContext(): WebGL2RenderingContext | null {
  const settings = {
    alpha: false,
    depth: false,
    antialias: false,
    powerPreference: "high-performance",
  } as const;
  let canvas: OffscreenCanvas | HTMLCanvasElement;
  if (typeof OffscreenCanvas !== "undefined") canvas = new OffscreenCanvas(1, 1);
  else if (typeof document !== "undefined") canvas = document.createElement("canvas");
  else return null;
  const context: unknown = canvas.getContext("webgl2", settings);
  return context as WebGL2RenderingContext | null;
}

/** Without this a browser does not restore a context. */
const onLost = (event: Event): void => event.preventDefault();

function openLibrary(gl: WebGL2RenderingContext): Gpu {
  // gpu.js sizes its canvas to its largest output; nothing is ever drawn there.
  const gpu = new library.GPU({ context: gl, canvas: { width: 1, height: 1 } });
  if (gpu.Kernel !== library.WebGL2Kernel) throw new BackendError("gpu.js did not start in mode webgl2");
  return gpu;
}

/** WebGL2: kernels are fragment shaders, and slabs are textures of one float a texel. */
export class ShaderDriver implements Driver<DeviceTexture> {
  readonly mode = "webgl2";
  readonly adapter: string;
  readonly target: Target;
  readonly maxElements: number;
  readonly #gl: WebGL2RenderingContext;
  readonly #maxFreeBytes: number;
  #gpu: Gpu;
  #pool: TexturePool;
  #reader: TextureReader;
  #compiled = 0;
  #bytesRead = 0;

  constructor(gl: WebGL2RenderingContext, maxFreeBytes: number) {
    if (!gl.getExtension("EXT_color_buffer_float")) {
      throw new BackendError("this WebGL2 context cannot draw into float textures");
    }
    this.#gl = gl;
    this.#maxFreeBytes = maxFreeBytes;
    this.#gpu = openLibrary(gl);
    const named = gl.getExtension("WEBGL_debug_renderer_info");
    this.adapter = String(gl.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
    const units = Number(gl.getParameter(gl.MAX_TEXTURE_IMAGE_UNITS));
    // gpu.js selects its outputs through a unit of their own.
    this.target = shaderTarget(units - 2);
    const side = Number(gl.getParameter(gl.MAX_TEXTURE_SIZE));
    let most = mostElements;
    while (sheetOf(most).height > side) most /= 2;
    this.maxElements = most;
    this.#pool = new TexturePool(gl, maxFreeBytes);
    this.#reader = new TextureReader(gl);
    gl.canvas.addEventListener("webglcontextlost", onLost);
    gl.canvas.addEventListener("webglcontextrestored", this.#onRestored);
  }

  /** A context that comes back is empty: kernels are compiled again when they are next run, and textures are gone. */
  readonly #onRestored = (): void => {
    const gl = this.#gl;
    gl.getExtension("EXT_color_buffer_float");
    this.#gpu = openLibrary(gl);
    this.#pool = new TexturePool(gl, this.#maxFreeBytes);
    this.#reader = new TextureReader(gl);
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
    if (rows > 0) gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, rows, gl.RED, gl.FLOAT, data, 0);
    const rest = data.length - rows * width;
    if (rest > 0) gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, rows, rest, 1, gl.RED, gl.FLOAT, data, rows * width);
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
    let compiledBy = this.#gpu;
    const run = (inputs: readonly DeviceTexture[]): DeviceTexture => {
      this.#checkContext(...inputs);
      if (compiledBy !== this.#gpu) kernels.clear();
      compiledBy = this.#gpu;
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
    const { kernel } = createKernel(this.#gpu, source, {
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
      nativeFunctions: nativeFunctions(helpers),
      injectedNative: shaderSource(helpers),
      texture: output,
    });
    kernel.texture = output;
    kernel.build(...inputs);
    return kernel;
  }

  dispose(): void {
    this.#gl.canvas.removeEventListener("webglcontextlost", onLost);
    this.#gl.canvas.removeEventListener("webglcontextrestored", this.#onRestored);
    this.#pool.clear();
    this.#gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}
