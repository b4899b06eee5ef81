import { cpu } from "@chainrule/backend-cpu";
import { wasm } from "@chainrule/backend-wasm";
import { registerBackend } from "@chainrule/core";
import { createGpu, gpu } from "../../src/index.ts";
import { trainNet } from "../nets.ts";
import { bytesOfStepsOn, loseContextInFit } from "./fit.ts";
import { readWhileHidden } from "./hidden.ts";
import { sizes } from "./sizes.ts";
import { runSuite } from "./suite.ts";
import {
  loseContext,
  manyModels,
  readAtOnce,
  refusedWork,
  steadyState,
  twoContexts,
  twoModels,
  withoutReuse,
} from "./resources.ts";
import { timeProducts } from "./product.ts";
import { train } from "./training.ts";

/** What a test may call in the page. */
export const checks = {
  runSuite,
  sizes,
  train,
  trainNet,
  steadyState,
  manyModels,
  twoModels,
  withoutReuse,
  bytesOfSteps: bytesOfStepsOn,
  loseContext,
  loseContextInFit,
  readAtOnce,
  readWhileHidden,
  refusedWork,
  twoContexts,
  timeProducts,
};

export type Checks = typeof checks;

for (const plugin of [cpu, wasm, gpu, { ...createGpu({ mode: "webgpu" }), name: "gpu webgpu" }])
  registerBackend(plugin);
Object.assign(globalThis, { checks });
