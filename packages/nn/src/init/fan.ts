import { ShapeError, type Shape } from "@chainrule/core";

/** Which count of connections keeps its variance: `"fanIn"` that of activations, `"fanOut"` that of gradients. */
export type FanMode = "fanIn" | "fanOut";

/**
 * How many inputs one output of a weight sees, and how many outputs one input feeds. For a weight
 * `[out, in, ...kernel]`: fanIn = in · Π kernel, fanOut = out · Π kernel.
 *
 * @throws ShapeError below rank 2, where the two are not told apart.
 */
export function fanInAndFanOut(shape: Shape): { fanIn: number; fanOut: number } {
  const [out, inputs, ...kernel] = shape;
  if (out === undefined || inputs === undefined) {
    throw new ShapeError(
      `fanInAndFanOut: a weight is [out, in, ...kernel]; [${shape.join(", ")}] has no fans. ` +
        `Use uniform, normal or constant for it`,
    );
  }
  const window = kernel.reduce((product, size) => product * size, 1);
  return { fanIn: inputs * window, fanOut: out * window };
}
