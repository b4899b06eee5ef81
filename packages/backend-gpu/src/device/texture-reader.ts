import { BackendError } from "@chainrule/core";
import type { GlDevice } from "./gl-device.ts";
import { firstChannels } from "./texels.ts";
import type { DeviceTexture } from "./texture.ts";

/** Milliseconds in which to look for the end of the device's work all the time. */
const quickWait = 2;

/** In a tab that is not shown timers wait for a second and more. */
const isHidden = (): boolean => typeof document !== "undefined" && document.hidden;

/** Reads textures back. */
export class TextureReader {
  readonly #gl: WebGL2RenderingContext;
  readonly #device: GlDevice;
  readonly #framebuffer: WebGLFramebuffer;
  /** Floats read a texel: WebGL promises only four, most devices give the one there is. Asking takes milliseconds. */
  #channels: 1 | 4 | undefined;

  constructor(device: GlDevice) {
    const { gl } = device;
    this.#device = device;
    this.#gl = gl;
    this.#framebuffer = gl.createFramebuffer()!;
  }

  /** Binds a texture for reading; gives the array for its texels. */
  #select({ texture, width, height }: DeviceTexture): Float32Array {
    const gl = this.#gl;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    this.#channels ??=
      this.#device.version === 2 &&
      gl.getParameter(gl.IMPLEMENTATION_COLOR_READ_FORMAT) === gl.RED &&
      gl.getParameter(gl.IMPLEMENTATION_COLOR_READ_TYPE) === gl.FLOAT
        ? 1
        : 4;
    return new Float32Array(width * height * this.#channels);
  }

  get #format(): number {
    return this.#channels === 1 ? this.#gl.RED : this.#gl.RGBA;
  }

  /** All elements, waiting for the GPU. */
  readSync(texture: DeviceTexture): Float32Array {
    const gl = this.#gl;
    const texels = this.#select(texture);
    gl.readPixels(0, 0, texture.width, texture.height, this.#format, gl.FLOAT, texels);
    return firstChannels(texels, this.#channels!);
  }

  /** All elements as they are now, where the device can, without holding up the page until the GPU has come so far. */
  async read(texture: DeviceTexture): Promise<Float32Array> {
    if (!this.#device.asynchronousReads) return this.readSync(texture);
    const gl = this.#gl;
    const texels = this.#select(texture);
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
    gl.bufferData(gl.PIXEL_PACK_BUFFER, texels.byteLength, gl.STREAM_READ);
    gl.readPixels(0, 0, texture.width, texture.height, this.#format, gl.FLOAT, 0);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    try {
      if (fence !== null) await this.#passed(fence);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, texels);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    } finally {
      gl.deleteSync(fence);
      gl.deleteBuffer(buffer);
    }
    return firstChannels(texels, this.#channels!);
  }

  /**
   * Waits for a fence in turns of the event loop: at first in quick ones, since timers wait four milliseconds each, and
   * then by timers, since a device that is slow may be the processor, which has better to do.
   */
  async #passed(fence: WebGLSync): Promise<void> {
    const gl = this.#gl;
    const { port1, port2 } = new MessageChannel();
    let turn: () => void = () => {};
    port1.addEventListener("message", () => turn());
    port1.start();
    const patience = performance.now() + quickWait;
    try {
      for (;;) {
        const state = gl.clientWaitSync(fence, 0, 0);
        // A lost context answers nothing else.
        if (state === gl.ALREADY_SIGNALED || state === gl.CONDITION_SATISFIED || gl.isContextLost()) return;
        if (state === gl.WAIT_FAILED) throw new BackendError("the GPU did not finish what was to be read");
        await new Promise<void>((resolve) => {
          turn = resolve;
          if (performance.now() < patience || isHidden()) port2.postMessage(0);
          else setTimeout(resolve, 1);
        });
      }
    } finally {
      port1.close();
    }
  }
}
