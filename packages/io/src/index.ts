export { parseSafetensors, rawBytes, serializeSafetensors } from "./safetensors.ts";
export { maxHeaderBytes } from "./safetensors-header.ts";
export type { SafetensorsContent, TensorData } from "./tensor-data.ts";
