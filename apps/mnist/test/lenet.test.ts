import { cpu } from "@chainrule/backend-cpu";
import { random, registerBackend } from "@chainrule/core";
import { DataLoader, take } from "@chainrule/data";
import { mnistFromPackage } from "@chainrule/data/node";
import { accuracy, crossEntropy } from "@chainrule/nn";
import { Adam } from "@chainrule/optim";
import { fit } from "@chainrule/train";
import { expect, it } from "vitest";
import { countParameters, createModel } from "../src/network.ts";

registerBackend(cpu);

it("LeNet reads most digits after a thousand of them", async () => {
  random.seed(1);
  const mnist = await mnistFromPackage(new URL("../src/task.ts", import.meta.url).href);
  const model = createModel("lenet", 784);
  expect(countParameters(model)).toBe(61_706);
  const loader = new DataLoader(take(mnist.train, 1024), { batchSize: 32, shuffle: true, seed: 1 });
  await fit(model, loader, { loss: crossEntropy, optimizer: new Adam({ lr: 3e-3 }), epochs: 3 });
  const [batch] = [...new DataLoader(take(mnist.test, 500), { batchSize: 500 })];
  const scores = model.eval().forward(batch!.x);
  expect(await accuracy(scores, batch!.y).item()).toBeGreaterThan(0.85);
});
