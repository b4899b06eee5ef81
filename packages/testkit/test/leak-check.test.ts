import { cpu } from "@chainrule/backend-cpu";
import { realize, registerBackend, type Tensor, tensor } from "@chainrule/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leakCheck } from "../src/index.ts";
import { exposeCollector } from "./collector.ts";

registerBackend(cpu);

const made = async (): Promise<Tensor> => {
  const x = tensor([1, 2, 3]).exp();
  await realize(x);
  return x;
};

describe("leakCheck", () => {
  beforeAll(exposeCollector);
  afterAll(() => {
    delete (globalThis as { gc?: unknown }).gc;
  });

  it("accepts what was disposed, and what was dropped", async () => {
    await leakCheck(async () => {
      using x = await made();
      await x.data();
    });
    await leakCheck(async () => {
      await made();
    });
  });

  it("reports what is still held, by backend", async () => {
    const held: Tensor[] = [];
    const leaking = leakCheck(async () => void held.push(await made()));
    await expect(leaking).rejects.toThrow(/still live afterwards: cpu: \d+ buffers, \d+ bytes$/);
    await leakCheck(async () => void held.push(await made()), { allowedBuffers: 2 });
    expect(held).toHaveLength(2);
  });
});
