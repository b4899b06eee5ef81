import {
  getBackend,
  memory,
  random,
  setBackend,
  tensor,
  compile,
  realize,
  type Tensor,
} from "@chainrule/core";
import { crossEntropy, Linear, ReLU, Sequential, type Module } from "@chainrule/nn";
import { Adam } from "@chainrule/optim";
import { GpuBackend } from "../../src/backend.ts";
import { openContext, ShaderDriver } from "../../src/device/shader-driver.ts";
import { createGpu, type DriverStatistics, type GpuDevice } from "../../src/index.ts";

const statistics = (): DriverStatistics => ({ ...(getBackend() as GpuDevice).statistics });

function trainer(model: Module): (x: Tensor, y: Tensor) => Tensor {
  const optimizer = new Adam({ lr: 1e-3 });
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
export async function steadyState(few: number, many: number): Promise<DriverStatistics[]> {
  await setBackend("gpu");
  const step = trainer(new Sequential(new Linear(20, 16), new ReLU(), new Linear(16, 4)));
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

/** Textures in use before and after models were made, trained a step and dropped. */
export async function manyModels(
  count: number,
): Promise<{ before: number; after: number; textures: number[] }> {
  await setBackend("gpu");
  const textures: number[] = [];
  await collect();
  const before = memory().gpu!.buffers;
  for (let i = 0; i < count; i++) {
    const model = new Linear(10, 3);
    const x = random.normal([4, 10]);
    await realize(x, ...model.parameters());
    await model.forward(x).data();
    if (i % 10 === 9) await collect();
    textures.push(statistics().textures);
  }
  return { before, after: memory().gpu!.buffers, textures };
}

/** Lets what is dropped be collected; finalizers run in turns of their own. */
async function collect(): Promise<void> {
  for (let round = 0; round < 4; round++) {
    (globalThis as { gc?: () => void }).gc!();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The messages of all that is tried after the context is gone. */
export async function loseContext(): Promise<string[]> {
  const messages: string[] = [];
  const context = openContext()!;
  const backend = new GpuBackend(new ShaderDriver(context, 2 ** 20));
  const buffer = backend.alloc(3, "float32");
  const target = backend.alloc(3, "float32");
  const map = { offset: 0, strides: [1], mask: null };
  const kernel = backend.compile({
    kind: "map",
    inputs: ["float32"],
    outputs: [
      {
        kind: "unary",
        dtype: "float32",
        op: "exp",
        x: { kind: "load", dtype: "float32", input: 0, map },
      },
    ],
    shape: [3],
    key: "exp",
  });
  backend.write(buffer, Float32Array.of(0, 1, 2));
  backend.run(kernel, [buffer, target]);
  await backend.read(target);
  context.getExtension("WEBGL_lose_context")!.loseContext();
  for (const attempt of [
    async () => backend.run(kernel, [buffer, target]),
    () => backend.read(target),
    async () => backend.readSync(target),
  ]) {
    try {
      await attempt();
      messages.push("nothing was thrown");
    } catch (error) {
      messages.push(`${(error as Error).name}: ${(error as Error).message}`);
    }
  }
  return messages;
}

/** The message where one kernel is given buffers of two contexts. */
export async function twoContexts(): Promise<string> {
  const [one, other] = [createGpu().create(), createGpu().create()];
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
