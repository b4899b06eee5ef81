export { constant, ones, zeros } from "./init/constant.ts";
export { eye, identity } from "./init/eye.ts";
export { fanInAndFanOut, type FanMode } from "./init/fan.ts";
export { calculateGain, type Nonlinearity } from "./init/gain.ts";
export type { Initializer, InitializerOptions } from "./init/initializer.ts";
export { heNormal, heUniform, kaimingNormal, kaimingUniform, type KaimingOptions } from "./init/kaiming.ts";
export { lecunNormal, lecunUniform, type LecunOptions } from "./init/lecun.ts";
export { normal } from "./init/normal.ts";
export { orthogonal, type OrthogonalOptions } from "./init/orthogonal.ts";
export { sparse } from "./init/sparse.ts";
export { truncatedNormal } from "./init/truncated-normal.ts";
export { uniform } from "./init/uniform.ts";
export {
  glorotNormal,
  glorotUniform,
  xavierNormal,
  xavierUniform,
  type XavierOptions,
} from "./init/xavier.ts";
