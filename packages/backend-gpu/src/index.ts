export {
  createGpu,
  gpu,
  type GpuDevice,
  type GpuOptions,
  type GpuPlugin,
  type WebGpuPlugin,
} from "./plugin.ts";
export type { DriverStatistics, GpuMode } from "./device/driver.ts";
