import type { AnyModule } from "@chainrule/nn";

/** Runs `work` with every layer in evaluation mode; afterwards each has the mode it had. */
export async function inEvaluationMode<T>(model: AnyModule, work: () => Promise<T>): Promise<T> {
  const modes = model.namedModules().map(([, module]) => [module, module.training] as const);
  model.eval();
  try {
    return await work();
  } finally {
    for (const [module, training] of modes) module.training = training;
  }
}
