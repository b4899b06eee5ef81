export { modelCheckpoint, type ModelCheckpointOptions } from "./node/model-checkpoint.ts";
