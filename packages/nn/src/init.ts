export { constant, ones, zeros } from "./init/constant.ts";
export { fanInAndFanOut, type FanMode } from "./init/fan.ts";
export { calculateGain, type Nonlinearity } from "./init/gain.ts";
export type { Initializer, InitializerOptions } from "./init/initializer.ts";
export { heNormal, heUniform, kaimingNormal, kaimingUniform, type KaimingOptions } from "./init/kaiming.ts";
export { normal } from "./init/normal.ts";
export { uniform } from "./init/uniform.ts";
export {
  glorotNormal,
  glorotUniform,
  xavierNormal,
  xavierUniform,
  type XavierOptions,
} from "./init/xavier.ts";
