import { cpu } from "@chainrule/backend-cpu";
import {
  BackendError,
  compile,
  random,
  registerBackend,
  tensor,
  withBackend,
  type Tensor,
} from "@chainrule/core";
import { crossEntropy, Linear, ReLU, Sequential } from "@chainrule/nn";
import { Adam } from "@chainrule/optim";
import { conformance, conformanceTable } from "@chainrule/testkit";
import { describe, expect, it } from "vitest";
import { createGpu, type GpuDevice } from "../src/index.ts";
import { skip } from "./skip.ts";

const plugin = createGpu({ mode: "headlessgl" });
const reason = plugin.unavailable();

it.runIf(process.env.HEADLESSGL === "required")("headlessgl runs where it must", () => {
  expect(reason).toBeNull();
});

if (reason === null) {
  const name = "gpu headlessgl";
  registerBackend({ ...plugin, name });
  registerBackend(cpu);
  conformance(name, { it, describe, skip, report: (results) => console.log(conformanceTable(results)) });

  it("headlessgl says what it runs on", () =>
    withBackend(name, async () => {
      const { mode, adapter } = plugin.create();
      console.log(`${mode} on ${adapter}`);
      expect(mode).toMatch(/^headlessgl( \(software\))?$/);
      expect(/llvmpipe|softpipe|swrast/i.test(adapter)).toBe(mode.endsWith("(software)"));
      expect(adapter).not.toBe("ANGLE");
    }));

  it("training on headlessgl gives the losses of cpu, and holds as much after many steps as after few", async () => {
    let device: GpuDevice | undefined;
    registerBackend({ name: "gpu headlessgl watched", create: () => (device = plugin.create()) });
    const train = async (): Promise<{ losses: number[]; held: (number | undefined)[] }> => {
      random.seed(4);
      const model = new Sequential(new Linear(20, 16), new ReLU(), new Linear(16, 4));
      const optimizer = new Adam({ lr: 1e-2 });
      const step = compile(
        (x: Tensor, y: Tensor): Tensor => {
          const loss = crossEntropy(model.forward(x), y);
          optimizer.update(model.parameters(), loss.gradient(...model.parameters()));
          return loss;
        },
        { reuseOutputs: true },
      );
      const losses: number[] = [];
      const held: (number | undefined)[] = [];
      for (let i = 1; i <= 60; i++) {
        using x = tensor(
          Float32Array.from({ length: 160 }, (_, k) => Math.sin(k * i)),
          { shape: [8, 20] },
        );
        using y = tensor(Int32Array.from({ length: 8 }, (_, k) => (k * i) % 4));
        losses.push(await step(x, y).item());
        held.push(device?.statistics.textures);
      }
      return { losses, held };
    };
    const expected = await withBackend("cpu", train);
    const actual = await withBackend("gpu headlessgl watched", train);
    expect(
      Math.max(...actual.losses.map((loss, i) => Math.abs(loss / expected.losses[i]! - 1))),
    ).toBeLessThan(1e-3);
    expect(actual.held.at(-1)).toBe(actual.held[9]);
  });
} else {
  it.skip(`headlessgl, which does not run here: ${reason}`, () => {});

  it("where headlessgl does not run, the error says what to do", () => {
    expect(reason).toMatch(/the package "gl" (does not load .*install it|opens no context.*xvfb-run)/);
    expect(() => plugin.create()).toThrow(BackendError);
  });
}
