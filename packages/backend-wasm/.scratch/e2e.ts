import { compile, registerBackend, setBackend, tensor, getBackend, random } from "@chainrule/core";
import { createCpu } from "@chainrule/backend-cpu";
import { createWasm } from "/work/main/packages/backend-wasm/src/index.ts";
import { Linear, ReLU, Sequential, crossEntropy } from "@chainrule/nn";
import { Adam, SGD } from "@chainrule/optim";
const which = process.argv[2] ?? "wasm";
const threads = Number(process.argv[3] ?? 1);
registerBackend({ name: "cpu", create: () => createCpu() });
registerBackend(createWasm({ threads }));
const be = await setBackend(which);
console.log(be.mode);
const seen: any[] = [];
{
  const b: any = be;
  const o = b.compile.bind(b);
  b.compile = (k: any) => {
    const t = performance.now();
    const e = o(k);
    seen.push([k, e, performance.now() - t]);
    return e;
  };
}
for (const B of [1, 32, 128, 512]) {
  const model = new Sequential(new Linear(784, 128), new ReLU(), new Linear(128, 10));
  const optimizer = new Adam({ lr: 1e-3 });
  const x = random.uniform([B, 784]);
  const y = tensor(
    Int32Array.from({ length: B }, (_, i) => i % 10),
    { dtype: "int32" },
  );
  await x.data();
  seen.length = 0;
  const ps = [...model.parameters()] as any;
  const step = compile((x: any, y: any) => {
    const loss = crossEntropy((model as any).forward(x), y);
    optimizer.update(ps, (loss as any).gradient(...ps));
    return loss;
  });
  const t0 = performance.now();
  let l = step(x, y);
  const l0 = await (l as any).item();
  const first = performance.now() - t0;
  for (let i = 0; i < 60; i++) {
    l = step(x, y);
  }
  await (l as any).item();
  const times: number[] = [];
  for (let i = 0; i < 100; i++) {
    const t = performance.now();
    l = step(x, y);
    await (l as any).item();
    times.push(performance.now() - t);
  }
  times.sort((a, b) => a - b);
  console.log(
    "B",
    B,
    "first",
    first.toFixed(1),
    "ms; median",
    times[50]!.toFixed(3),
    "min",
    times[0]!.toFixed(3),
    "loss",
    l0,
    await (l as any).item(),
    "kernels",
    seen.length,
    "compile",
    seen.reduce((s, x) => s + x[2], 0).toFixed(1),
  );
  if (process.argv[4]) {
    const b: any = be;
    for (const [k, e] of seen) {
      const bufs = [
        ...k.inputs.map((d: any, i: number) => b.alloc(300000 * 2, d)),
        ...k.outputs.map((o: any) => b.alloc(300000 * 2, o.dtype)),
      ];
      for (const q of bufs)
        b.write(q, q.dtype === "int32" ? new Int32Array(q.length) : new Float32Array(q.length).fill(0.5));
      const ts = [];
      for (let i = 0; i < 300; i++) {
        const t = performance.now();
        b.run(e, bufs);
        ts.push(performance.now() - t);
      }
      ts.sort((a, b) => a - b);
      console.log(
        "   ",
        k.kind,
        k.shape.join("x"),
        k.kind === "dot"
          ? "k=" + k.k + " " + k.a.row + "," + k.a.column + " " + k.b.row + "," + k.b.column
          : "",
        k.kind === "reduce" ? k.reduced.join() : "",
        "outs",
        k.outputs.length,
        (ts[150]! * 1000).toFixed(1),
        "us",
        k.kind === "dot" ? ((2 * k.shape[0] * k.shape[1] * k.k) / ts[150]! / 1e6).toFixed(1) + " GF" : "",
      );
      for (const q of bufs) b.free(q);
    }
  }
}
