import {
  getBackend,
  memory,
  random,
  registerBackend,
  setBackend,
  tensor,
  compile,
  realize,
  type Tensor,
} from "@chainrule/core";
import { crossEntropy, Linear, ReLU, Sequential, type Module } from "@chainrule/nn";
import { Adam, type Optimizer, SGD } from "@chainrule/optim";
import { GpuBackend } from "../../src/backend.ts";
import { browserDevice, openBrowserContext } from "../../src/device/gl-device.ts";
import { ShaderDriver } from "../../src/device/shader-driver.ts";
import { openWebGpu, WebGpuDriver } from "../../src/device/webgpu-driver.ts";
import { createGpu, type DriverStatistics, type GpuDevice } from "../../src/index.ts";

const statistics = (): DriverStatistics => ({ ...(getBackend() as GpuDevice).statistics });

function trainer(model: Module, optimizer: Optimizer): (x: Tensor, y: Tensor) => Tensor {
  return compile(
    (x: Tensor, y: Tensor): Tensor => {
      const loss = crossEntropy(model.forward(x), y);
      optimizer.update(model.parameters(), loss.gradient(...model.parameters()));
      return loss;
    },
    { reuseOutputs: true },
  );
}

/** What the device holds and has done after some steps and after many, none of which reads its loss. */
export async function steadyState(backend: string, few: number, many: number): Promise<DriverStatistics[]> {
  await setBackend(backend);
  const step = trainer(
    new Sequential(new Linear(20, 16), new ReLU(), new Linear(16, 4)),
    new Adam({ lr: 1e-3 }),
  );
  const reports: DriverStatistics[] = [];
  for (let i = 1; i <= many; i++) {
    using x = tensor(
      Float32Array.from({ length: 160 }, (_, k) => Math.sin(k * i)),
      { shape: [8, 20] },
    );
    using y = tensor(Int32Array.from({ length: 8 }, (_, k) => (k * i) % 4));
    step(x, y);
    if (i === few || i === many) reports.push(statistics());
  }
  return reports;
}

/** The last losses of two models that are trained in turns, and of the same two one after the other. */
export async function twoModels(backend: string): Promise<{ apart: number[]; together: number[] }> {
  await setBackend(backend);
  const start = (): ((x: Tensor, y: Tensor) => Tensor)[] =>
    [5, 6].map((seed) => {
      random.seed(seed);
      return trainer(new Sequential(new Linear(20, 8), new ReLU(), new Linear(8, 4)), new Adam({ lr: 1e-2 }));
    });
  const batch = (i: number): [Tensor, Tensor] => [
    tensor(
      Float32Array.from({ length: 160 }, (_, k) => Math.cos(k * i + 1)),
      { shape: [8, 20] },
    ),
    tensor(Int32Array.from({ length: 8 }, (_, k) => (k + i) % 4)),
  ];
  const apart: number[] = [];
  for (const step of start()) {
    for (let i = 0; i < 9; i++) step(...batch(i));
    apart.push(await step(...batch(9)).item());
  }
  const steps = start();
  for (let i = 0; i < 9; i++) for (const step of steps) step(...batch(i));
  const together: number[] = [];
  for (const step of steps) together.push(await step(...batch(9)).item());
  return { apart, together };
}

/** Losses of steps with textures or buffers that are kept for reuse, and with none kept. */
export async function withoutReuse(mode: "webgl2" | "webgpu"): Promise<{ kept: number[]; none: number[] }> {
  registerBackend({ ...createGpu({ mode, maxPooledBytes: 0 }), name: `${mode} without reuse` });
  const train = async (backend: string): Promise<number[]> => {
    await setBackend(backend);
    random.seed(7);
    const step = trainer(
      new Sequential(new Linear(20, 8), new ReLU(), new Linear(8, 4)),
      new Adam({ lr: 1e-2 }),
    );
    const x = tensor(
      Float32Array.from({ length: 160 }, (_, k) => Math.cos(k)),
      { shape: [8, 20] },
    );
    const y = tensor(Int32Array.from({ length: 8 }, (_, k) => k % 4));
    const losses: number[] = [];
    for (let i = 0; i < 6; i++) {
      step(x, y);
      losses.push(await step(x, y).item());
    }
    return losses;
  };
  return {
    kept: await train(mode === "webgl2" ? "gpu" : "gpu webgpu"),
    none: await train(`${mode} without reuse`),
  };
}

/** Textures in use before and after models were made, trained a step and dropped. */
export async function manyModels(
  backend: string,
  count: number,
): Promise<{ before: number; after: number; textures: number[] }> {
  await setBackend(backend);
  const textures: number[] = [];
  await collect();
  const before = memory()[backend]!.buffers;
  for (let i = 0; i < count; i++) {
    const model = new Linear(10, 3);
    const x = random.normal([4, 10]);
    await realize(x, ...model.parameters());
    await model.forward(x).data();
    if (i % 10 === 9) await collect();
    textures.push(statistics().textures);
  }
  return { before, after: memory()[backend]!.buffers, textures };
}

/** Lets what is dropped be collected; finalizers run in turns of their own. */
async function collect(): Promise<void> {
  for (let round = 0; round < 4; round++) {
    (globalThis as { gc?: () => void }).gc!();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What a run meets whose context is lost in the middle, and that goes on from its last checkpoint afterwards. */
export interface LossReport {
  /** Messages of a step, of reading a parameter with and without waiting, after the loss and after the return. */
  readonly whileLost: readonly string[];
  readonly onceRestored: readonly string[];
  /** The losses of an undisturbed run, and of the one that was resumed. */
  readonly expected: readonly number[];
  readonly resumed: readonly number[];
}

async function messagesOf(attempts: readonly (() => unknown)[]): Promise<string[]> {
  const messages: string[] = [];
  for (const attempt of attempts) {
    try {
      await attempt();
      messages.push("nothing was thrown");
    } catch (error) {
      messages.push(`${(error as Error).name}: ${(error as Error).message}`);
    }
  }
  return messages;
}

/** A context that can be taken away from a backend. */
interface Fragile {
  readonly backend: GpuBackend;
  readonly lose: () => Promise<void>;
  readonly restore: () => Promise<void>;
}

const turns = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

function fragileWebGl(): Fragile {
  const context = openBrowserContext()!;
  const extension = context.getExtension("WEBGL_lose_context")!;
  return {
    backend: new GpuBackend(new ShaderDriver(browserDevice(context), 2 ** 20)),
    lose: async () => extension.loseContext(),
    async restore() {
      const restored = new Promise((resolve) =>
        context.canvas.addEventListener("webglcontextrestored", resolve, { once: true }),
      );
      // The browser restores a context after the turn in which it tells of the loss.
      await turns(50);
      extension.restoreContext();
      await restored;
    },
  };
}

async function fragileWebGpu(): Promise<Fragile> {
  const opened = await openWebGpu();
  if (typeof opened === "string") throw new Error(opened);
  const backend = new GpuBackend(new WebGpuDriver(opened, 2 ** 20));
  return {
    backend,
    async lose() {
      opened.device.destroy();
      await opened.device.lost;
    },
    async restore() {
      const probe = backend.alloc(1, "float32");
      for (let attempt = 0; attempt < 100; attempt++) {
        try {
          backend.write(probe, Float32Array.of(1));
          probe.slab();
          return backend.free(probe);
        } catch {
          await turns(20);
        }
      }
      throw new Error("no other device was opened");
    },
  };
}

export async function loseContext(mode: "webgl2" | "webgpu"): Promise<LossReport> {
  const { backend, lose, restore } = mode === "webgl2" ? fragileWebGl() : await fragileWebGpu();
  registerBackend({ name: `${mode} to lose`, create: () => backend });
  await setBackend(`${mode} to lose`);
  const batch = (i: number): [Tensor, Tensor] => [
    tensor(
      Float32Array.from({ length: 40 }, (_, k) => Math.sin(k * i + 1)),
      { shape: [8, 5] },
    ),
    tensor(Int32Array.from({ length: 8 }, (_, k) => (k * i) % 3)),
  ];
  const start = (): [Module, (x: Tensor, y: Tensor) => Tensor] => {
    random.seed(3);
    const model = new Linear(5, 3);
    return [model, trainer(model, new SGD({ lr: 0.1 }))];
  };
  const lossesOf = async (
    step: (x: Tensor, y: Tensor) => Tensor,
    from: number,
    to: number,
  ): Promise<number[]> => {
    const losses: number[] = [];
    for (let i = from; i < to; i++) losses.push(await step(...batch(i)).item());
    return losses;
  };
  const [, undisturbed] = start();
  const expected = await lossesOf(undisturbed, 0, 6);

  const [model, step] = start();
  const losses = await lossesOf(step, 0, 3);
  const checkpoint: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(model.stateDict()))
    checkpoint[name] = tensor(await value.data(), { shape: value.shape });
  const attempts = [() => step(...batch(3)).item(), () => model.parameters()[0]!.data()];
  await lose();
  const whileLost = await messagesOf(attempts);
  await restore();
  const onceRestored = await messagesOf(attempts);
  model.loadStateDict(checkpoint);
  return { whileLost, onceRestored, expected, resumed: [...losses, ...(await lossesOf(step, 3, 6))] };
}

/** The message where something is read that the device refused to compute. */
export async function refusedWork(): Promise<string> {
  const opened = await openWebGpu();
  if (typeof opened === "string") throw new Error(opened);
  const driver = new WebGpuDriver(opened, 2 ** 20);
  const source = "function (a0) { return a0[this.thread.x]; }";
  const copy = driver.compile({ source, inputs: 1, length: 3, helpers: new Set(), constants: {} });
  const input = driver.upload(Float32Array.of(1, 2, 3));
  const output = copy.run([input]);
  // What is not sent yet names it.
  input.buffer.destroy();
  const [message] = await messagesOf([() => driver.read(output, 3)]);
  driver.dispose();
  return message!;
}

/** The message where a loss is read without waiting. */
export async function readAtOnce(backend: string): Promise<string> {
  await setBackend(backend);
  const [message] = await messagesOf([() => tensor([1, 2]).mul(2).dataSync()]);
  return message!;
}

/** The message where one kernel is given buffers of two contexts. */
export async function twoContexts(mode: "webgl2" | "webgpu"): Promise<string> {
  const [one, other] = [await createGpu({ mode }).create(), await createGpu({ mode }).create()];
  const map = { offset: 0, strides: [1], mask: null };
  const kernel = one.compile({
    kind: "map",
    inputs: ["float32"],
    outputs: [{ kind: "load", dtype: "float32", input: 0, map }],
    shape: [3],
    key: "copy",
  });
  try {
    one.run(kernel, [other.alloc(3, "float32"), one.alloc(3, "float32")]);
    return "nothing was thrown";
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  } finally {
    one.dispose();
    other.dispose();
  }
}
