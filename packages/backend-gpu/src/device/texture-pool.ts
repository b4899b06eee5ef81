import { BackendError } from "@chainrule/core";
import { sheetOf } from "./sheet.ts";
import type { Texels } from "./texels.ts";
import { DeviceTexture } from "./texture.ts";

/** Makes float textures, and keeps freed ones for reuse by size, up to so many bytes. */
export class TexturePool {
  readonly #gl: WebGL2RenderingContext;
  readonly #texels: Texels;
  readonly #maxFreeBytes: number;
  readonly #free = new Map<string, DeviceTexture[]>();
  #freeBytes = 0;
  /** Textures that exist. */
  count = 0;

  constructor(gl: WebGL2RenderingContext, texels: Texels, maxFreeBytes: number) {
    this.#gl = gl;
    this.#texels = texels;
    this.#maxFreeBytes = maxFreeBytes;
  }

  /** A texture with unspecified contents. */
  take(length: number): DeviceTexture {
    const { width, height } = sheetOf(length);
    const free = this.#free.get(`${width},${height}`)?.pop();
    if (free) {
      this.#freeBytes -= free.bytes;
      return free;
    }
    const gl = this.#gl;
    const texture = gl.createTexture();
    if (texture === null) throw new BackendError("the WebGL context gives no more textures");
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    for (const wrap of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T])
      gl.texParameteri(gl.TEXTURE_2D, wrap, gl.CLAMP_TO_EDGE);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
      gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
    this.#texels.allocate(width, height);
    this.count++;
    const made = new DeviceTexture(this, gl, texture, this.#texels.channels, width, height);
    // Asking for errors waits for the device, which only large textures are worth.
    if (made.bytes >= 2 ** 24 && gl.getError() === gl.OUT_OF_MEMORY) {
      this.#delete(made);
      throw new BackendError(`the GPU has no memory for another ${made.bytes} bytes`);
    }
    return made;
  }

  give(texture: DeviceTexture): void {
    if (this.#freeBytes + texture.bytes > this.#maxFreeBytes) return this.#delete(texture);
    const key = `${texture.width},${texture.height}`;
    const list = this.#free.get(key);
    if (list) list.push(texture);
    else this.#free.set(key, [texture]);
    this.#freeBytes += texture.bytes;
  }

  #delete({ texture }: DeviceTexture): void {
    this.#gl.deleteTexture(texture);
    this.count--;
  }

  clear(): void {
    for (const list of this.#free.values()) for (const texture of list) this.#delete(texture);
    this.#free.clear();
    this.#freeBytes = 0;
  }
}
