/**
 * Captured training steps of 784-128-10 with Adam: `node packages/backend-wasm/bench/steps.ts [threads]`. Where Python
 * has PyTorch, that does the same steps on as many threads, in turns; its column is milliseconds too. What is told is
 * the median of the rounds' medians, and the best step of all in brackets.
 */
/* oxlint-disable no-console */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { compile, random, realize, registerBackend, setBackend, tensor, type Tensor } from "@chainrule/core";
import { crossEntropy, Linear, ReLU, Sequential } from "@chainrule/nn";
import { Adam } from "@chainrule/optim";
import { createWasm } from "../src/index.ts";

const threads = Number(process.argv[2] ?? 1);
const batches = [1, 32, 128, 512];
const steps = 40;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** A step on inputs of its own: forward, loss, backward, update; it gives milliseconds, the loss read back. */
async function trainer(batch: number): Promise<() => Promise<number>> {
  const model = new Sequential(new Linear(784, 128), new ReLU(), new Linear(128, 10));
  const parameters = [...model.parameters()];
  const adam = new Adam({ lr: 1e-3 });
  const step = compile((x: Tensor, y: Tensor) => {
    const loss = crossEntropy(model.forward(x), y);
    adam.update(parameters, loss.gradient(...parameters));
    return loss;
  });
  const x = random.uniform([batch, 784]);
  const y = tensor(new Int32Array(batch).fill(3), { dtype: "int32" });
  await realize(x, y);
  return async () => {
    const start = performance.now();
    await step(x, y).item();
    return performance.now() - start;
  };
}

const script = `
import sys, time, torch
torch.set_num_threads(${threads})
def trainer(batch):
    net = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    adam = torch.optim.Adam(net.parameters()); loss_of = torch.nn.CrossEntropyLoss()
    x, y = torch.rand(batch, 784), torch.full((batch,), 3)
    def step():
        adam.zero_grad(); loss = loss_of(net(x), y); loss.backward(); adam.step(); return loss.item()
    return step
trainers = {batch: trainer(batch) for batch in ${JSON.stringify(batches)}}
print(torch.__version__, flush=True)
for line in sys.stdin:
    step, times = trainers[int(line)], []
    for _ in range(${steps}):
        start = time.perf_counter(); step(); times.append((time.perf_counter() - start) * 1e3)
    print(*times, flush=True)
`;

/** PyTorch in a process of its own; null where there is none. */
async function startPeer(): Promise<{ version: string; round: (batch: number) => Promise<number[]> } | null> {
  const child = spawn("python3", ["-c", script], { stdio: ["pipe", "pipe", "ignore"] });
  child.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const version = await lines.next();
  if (version.done === true) return null;
  const round = async (batch: number): Promise<number[]> => {
    child.stdin.write(`${batch}\n`);
    return String((await lines.next()).value)
      .split(" ")
      .map(Number);
  };
  return { version: version.value, round };
}

registerBackend(createWasm({ threads }));
const { mode } = await setBackend("wasm");
const peer = await startPeer();
console.log(
  `node ${process.version}, ${mode}${peer ? `, beside PyTorch ${peer.version}` : ""}; milliseconds a step`,
);
for (const batch of batches) {
  const train = await trainer(batch);
  for (let i = 0; i < 100; i++) await train();
  await peer?.round(batch);
  const [own, others]: [number[][], number[][]] = [[], []];
  for (let round = 0; round < 11; round++) {
    const times: number[] = [];
    for (let i = 0; i < steps; i++) times.push(await train());
    own.push(times);
    if (peer) others.push(await peer.round(batch));
  }
  const middle = (rounds: readonly number[][]): number => median(rounds.map(median));
  const best = (rounds: readonly number[][]): number => Math.min(...rounds.flat());
  const told = (rounds: readonly number[][]): string =>
    `${middle(rounds).toFixed(3)} (${best(rounds).toFixed(3)})`;
  const ratio = peer
    ? `   PyTorch ${told(others)}   ratio ${(middle(own) / middle(others)).toFixed(2)} (${(best(own) / best(others)).toFixed(2)})`
    : "";
  console.log(`B = ${String(batch).padEnd(4)} ${told(own)}${ratio}`);
}
process.exit();
