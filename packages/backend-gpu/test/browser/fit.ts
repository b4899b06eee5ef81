import { random, registerBackend, setBackend, tensor, type Tensor } from "@chainrule/core";
import { DataLoader } from "@chainrule/data";
import { crossEntropy, Linear, ReLU, Sequential } from "@chainrule/nn";
import { Adam, type OptimizerState } from "@chainrule/optim";
import { fit, type Callback } from "@chainrule/train";
import { GpuBackend } from "../../src/backend.ts";
import { browserDevice, openBrowserContext } from "../../src/device/gl-device.ts";
import { ShaderDriver } from "../../src/device/shader-driver.ts";
import { bytesOfSteps, quadrants } from "../quiet.ts";

/** See `bytesOfSteps`. */
export async function bytesOfStepsOn(backend: string): Promise<{ bytes: number[]; losses: number[] }> {
  await setBackend(backend);
  return bytesOfSteps();
}

/** A run of `fit` whose context is lost in its second epoch, and which goes on from the end of the first. */
export interface InterruptedRun {
  /** The message with which `fit` ended. */
  readonly message: string;
  /** The steps of the run that the optimiser had counted at the checkpoint. */
  readonly steps: number;
  /** All weights after the second epoch, undisturbed and resumed. */
  readonly expected: readonly number[];
  readonly resumed: readonly number[];
}

const copyOf = async (named: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> => {
  const copies: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(named))
    copies[name] = tensor(await value.data(), { shape: value.shape });
  return copies;
};

export async function loseContextInFit(): Promise<InterruptedRun> {
  const context = openBrowserContext()!;
  const lose = context.getExtension("WEBGL_lose_context")!;
  registerBackend({
    name: "gpu of a run",
    create: () => new GpuBackend(new ShaderDriver(browserDevice(context), 2 ** 20)),
  });
  await setBackend("gpu of a run");
  random.seed(5);
  const loader = new DataLoader(quadrants(96), { batchSize: 16 });
  const start = (): { model: Sequential; optimizer: Adam } => {
    random.seed(6);
    const model = new Sequential(new Linear(2, 8), new ReLU(), new Linear(8, 2));
    return { model, optimizer: new Adam({ lr: 0.01 }) };
  };
  const train = (
    of: ReturnType<typeof start>,
    epochs: number,
    callbacks: Callback[] = [],
  ): Promise<unknown> =>
    fit(of.model, loader, { loss: crossEntropy, optimizer: of.optimizer, epochs, callbacks });
  const weightsOf = async ({ model }: ReturnType<typeof start>): Promise<number[]> =>
    (await Promise.all(model.parameters().map((parameter) => parameter.data()))).flatMap((all) => [...all]);
  const undisturbed = start();
  await train(undisturbed, 2);
  const expected = await weightsOf(undisturbed);

  const run = start();
  let weights: Record<string, Tensor> = {};
  let state: OptimizerState = run.optimizer.stateDict();
  const restored = new Promise((resolve) =>
    context.canvas.addEventListener("webglcontextrestored", resolve, { once: true }),
  );
  const callback: Callback = {
    onEpochEnd: async () => {
      weights = await copyOf(run.model.stateDict());
      const { tensors, numbers } = run.optimizer.stateDict();
      state = { tensors: await copyOf(tensors), numbers };
    },
    onStepEnd: ({ epoch, step }) => void (epoch === 2 && step === 3 && lose.loseContext()),
  };
  const message = await train(run, 2, [callback]).then(
    () => "nothing was thrown",
    (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`,
  );
  // The browser restores a context after the turn in which it tells of the loss.
  await new Promise((resolve) => setTimeout(resolve, 50));
  lose.restoreContext();
  await restored;
  run.model.loadStateDict(weights);
  run.optimizer.loadStateDict(state);
  await train(run, 1);
  return { message, steps: state.numbers["0.step"]!, expected, resumed: await weightsOf(run) };
}
