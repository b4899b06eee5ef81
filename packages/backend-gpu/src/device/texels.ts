import type { GlDevice } from "./gl-device.ts";

/** How floats lie in textures: one a texel in WebGL2, and in WebGL1, which draws into no others, in each first of four. */
export interface Texels {
  readonly channels: 1 | 4;
  /** Gives the bound texture its size. */
  allocate(width: number, height: number): void;
  /** Writes whole rows, or a part of one, into the bound texture from row `y` on. */
  write(data: Float32Array, y: number, width: number, height: number): void;
}

export function texelsOf({ gl, version }: GlDevice): Texels {
  const { TEXTURE_2D, FLOAT } = gl;
  if (version === 2) {
    return {
      channels: 1,
      allocate: (width, height) => gl.texStorage2D(TEXTURE_2D, 1, gl.R32F, width, height),
      write: (data, y, width, height) =>
        gl.texSubImage2D(TEXTURE_2D, 0, 0, y, width, height, gl.RED, FLOAT, data),
    };
  }
  return {
    channels: 4,
    allocate: (width, height) =>
      gl.texImage2D(TEXTURE_2D, 0, gl.RGBA, width, height, 0, gl.RGBA, FLOAT, null),
    write(data, y, width, height) {
      const texels = new Float32Array(4 * data.length);
      for (let i = 0; i < data.length; i++) texels[4 * i] = data[i]!;
      gl.texSubImage2D(TEXTURE_2D, 0, 0, y, width, height, gl.RGBA, FLOAT, texels);
    },
  };
}

/** The first float of each texel. */
export function firstChannels(texels: Float32Array, channels: number): Float32Array {
  if (channels === 1) return texels;
  const floats = new Float32Array(texels.length / channels);
  for (let i = 0; i < floats.length; i++) floats[i] = texels[channels * i]!;
  return floats;
}
