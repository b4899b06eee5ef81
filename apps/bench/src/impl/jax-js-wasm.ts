import { createRequire } from "node:module";
import { join } from "node:path";
import { type ElementwiseOp, outputSize } from "../case.ts";
import type { Computation, Open } from "./implementation.ts";
import type { Arr, Jax } from "./jax-js-api.ts";
import { createTrainer } from "./jax-js-training.ts";

function operations({ numpy, nn }: Jax): Readonly<Record<ElementwiseOp, (x: Arr, y: Arr) => Arr>> {
  const unused = (y: Arr, result: Arr): Arr => {
    y.dispose();
    return result;
  };
  return {
    chain: (x, y) => numpy.sqrt(numpy.square(nn.relu(x.ref.mul(y.ref).add(x)).sub(y))),
    exp: (x, y) => unused(y, numpy.exp(x)),
    softmax: (x, y) => unused(y, nn.softmax(x, -1)),
    sum: (x, y) => unused(y, x.sum()),
  };
}

function computation(jax: Jax, x: Arr, y: Arr, body: (x: Arr, y: Arr) => Arr): Computation {
  const jitted = jax.jit(body);
  let result: Arr | undefined;
  return {
    async repeat(times) {
      for (let i = 0; i < times; i++) {
        result?.dispose();
        result = jitted(x.ref, y.ref);
        // It is lazy: what nobody waits for is never computed.
        await result.blockUntilReady();
      }
    },
    read: () => result!.ref.data(),
    dispose() {
      for (const held of [x, y, result]) held?.dispose();
      jitted.dispose();
    },
  };
}

/** jax-js on its WASM backend, every computation and the whole training step under `jit`. */
export const open: Open = async ({ peers }) => {
  const require = createRequire(join(peers, "package.json"));
  const jax = require("@jax-js/jax") as Jax;
  const { version } = require(join(peers, "node_modules/@jax-js/jax/package.json")) as { version: string };
  jax.defaultDevice("wasm");
  const { numpy } = jax;
  return {
    version,
    mode: "simd, jit",
    threads: 1,
    product({ n, form }, a, b) {
      const [x, y] = [numpy.array(a).reshape([n, n]), numpy.array(b).reshape([n, n])];
      return computation(jax, x, y, (x, y) =>
        numpy.matmul(form === "TN" ? numpy.transpose(x) : x, form === "NT" ? numpy.transpose(y) : y),
      );
    },
    convolution({ shape, pass }, { x, w, dy }) {
      const { batch, inChannels, outChannels, size, kernel, stride, padding } = shape;
      const side = outputSize(shape);
      const images = numpy.array(x).reshape([batch, inChannels, size, size]);
      const filters = numpy.array(w).reshape([outChannels, inChannels, kernel, kernel]);
      const slope = numpy.array(dy).reshape([batch, outChannels, side, side]);
      const margins = [padding, padding] as const;
      const forward = (x: Arr, w: Arr): Arr => jax.lax.conv(x, w, [stride, stride], [margins, margins]);
      const gradientOf = (body: (a: Arr) => Arr, at: Arr, dy: Arr): Arr =>
        jax.grad((a) => body(a).mul(dy).sum())(at.ref);
      // What a gradient belongs to is only looked at for its shape: convolutions are linear in it.
      const [first, second, rest, body] = {
        forward: [images, filters, slope, forward] as const,
        input: [
          filters,
          slope,
          images,
          (w: Arr, dy: Arr) => gradientOf((x) => forward(x, w), images, dy),
        ] as const,
        weight: [
          images,
          slope,
          filters,
          (x: Arr, dy: Arr) => gradientOf((w) => forward(x, w), filters, dy),
        ] as const,
      }[pass];
      const computed = computation(jax, first, second, body);
      return {
        ...computed,
        dispose() {
          computed.dispose();
          rest.dispose();
        },
      };
    },
    elementwise({ op, rows, columns }, a, b) {
      const shape = [rows, columns];
      const [x, y] = [numpy.array(a).reshape(shape), numpy.array(b).reshape(shape)];
      return computation(jax, x, y, operations(jax)[op]);
    },
    trainer: (work, initial) => createTrainer(jax, work, initial),
  };
};
