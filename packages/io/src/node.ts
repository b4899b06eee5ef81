export {
  type LoadedTensors,
  loadSafetensors,
  type NamedTensors,
  saveSafetensors,
} from "./node/safetensors-file.ts";
export { writeFileAtomic } from "./node/write-atomic.ts";
