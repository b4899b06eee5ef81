export { createGpu, gpu, type GpuDevice, type GpuOptions, type GpuPlugin } from "./plugin.ts";
export type { DriverStatistics, GpuMode } from "./device/driver.ts";
