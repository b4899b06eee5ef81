export { cpu, createCpu, type CpuBackend, type CpuExecutable, type CpuOptions } from "./backend.ts";
