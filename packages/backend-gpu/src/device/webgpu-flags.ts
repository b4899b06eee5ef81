/*
 * The flags of WebGPU as its specification fixes them: browsers have them as globals, which are not there where
 * modules may be loaded and WebGPU is not.
 */

export const bufferUsage = {
  mapRead: 0x0001,
  copySource: 0x0004,
  copyTarget: 0x0008,
  uniform: 0x0040,
  storage: 0x0080,
} as const;

export const readMode = 0x0001;

export const computeStage = 0x0004;
