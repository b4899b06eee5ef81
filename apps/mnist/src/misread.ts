import type { Mnist } from "@chainrule/data";
import { drawImage, sideBySide, trim } from "./draw.ts";

/** Pixels of a drawn digit's side: MNIST scales digits to fit this. */
const drawnSide = 20;

/** Draws the first few test digits that were read wrongly, each with what it is and what it was taken for. */
export function drawMisread(
  { test, height, width }: Pick<Mnist, "test" | "height" | "width">,
  predicted: ArrayLike<number>,
  options: { readonly count: number; readonly columns: number },
): string[] {
  const { columns } = test;
  const size = height * width;
  const wrong = Array.from(predicted, (digit, i) => (digit === columns.y.data[i] ? -1 : i)).filter(
    (i) => i >= 0,
  );
  const blocks = wrong.slice(0, options.count).map((i) => {
    const pixels = Float32Array.from(columns.x.data.subarray(i * size, (i + 1) * size), (byte) => byte / 255);
    const title = `${columns.y.data[i]} read as ${predicted[i]}`;
    return [title, ...drawImage(trim({ width, height, pixels }, drawnSide))];
  });
  return sideBySide(blocks, options.columns);
}
