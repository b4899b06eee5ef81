import { compile, concat, setBackend, tensor, zeros, type Tensor } from "@chainrule/core";

/** How far results are from what they must be where kernels read many tensors or large ones. */
export interface SizesReport {
  readonly manyInputs: number;
  readonly large: number;
  /** The message for a tensor that the device cannot hold. */
  readonly tooLarge: string;
}

export async function sizes(backend: string): Promise<SizesReport> {
  const { capabilities } = await setBackend(backend);
  // More textures than a shader reads, with lengths that differ.
  const parts = Array.from({ length: 75 }, (_, i) =>
    tensor(Float32Array.from({ length: i + 1 }, (_, k) => 1000 * i + k)),
  );
  const joined = await compile((...xs: Tensor[]) => concat(xs).mul(2))(...parts).data();
  const expected = parts.flatMap((_, i) => Array.from({ length: i + 1 }, (_, k) => 2 * (1000 * i + k)));
  const manyInputs = Math.max(...expected.map((value, i) => Math.abs(value - joined[i]!)));

  // Longer than a row or a column of any texture, and no whole number of rows.
  const length = 3000 * 2003;
  const x = tensor(Float32Array.from({ length }, (_, i) => i % 1021));
  const y = await x.add(1).data();
  let large = 0;
  for (let i = 0; i < length; i++) large = Math.max(large, Math.abs(y[i]! - ((i % 1021) + 1)));
  x.dispose();

  let tooLarge = "nothing was thrown";
  try {
    await zeros([capabilities.maxElements + 1])
      .add(tensor([1]))
      .data();
  } catch (error) {
    tooLarge = `${(error as Error).name}: ${(error as Error).message}`;
  }
  return { manyInputs, large, tooLarge };
}
