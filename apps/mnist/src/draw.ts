/** An image with values from 0 (paper) to 1 (ink), row by row. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly pixels: ArrayLike<number>;
}

/** From here on a pixel is drawn. */
const visible = 0.35;

/** Draws an image with half-block characters: two rows of pixels in each line of text. */
export function drawImage({ width, height, pixels }: Image): string[] {
  const inked = (x: number, y: number): boolean => y < height && pixels[y * width + x]! >= visible;
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    let line = "";
    for (let x = 0; x < width; x++) {
      const [upper, lower] = [inked(x, y), inked(x, y + 1)];
      line += upper ? (lower ? "█" : "▀") : lower ? "▄" : " ";
    }
    lines.push(line);
  }
  return lines;
}

/** The part of an image that has ink, in the middle of a square of `side` pixels. */
export function trim({ width, height, pixels }: Image, side: number): Image {
  const inked = Array.from(pixels, (value, i) => (value >= visible ? i : -1)).filter((i) => i >= 0);
  const middle = (positions: readonly number[], size: number): number =>
    positions.length > 0 ? (Math.min(...positions) + Math.max(...positions) + 1) >> 1 : size >> 1;
  const left =
    middle(
      inked.map((i) => i % width),
      width,
    ) -
    (side >> 1);
  const top =
    middle(
      inked.map((i) => Math.floor(i / width)),
      height,
    ) -
    (side >> 1);
  const square = Float32Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [left + (i % side), top + Math.floor(i / side)];
    return x >= 0 && x < width && y >= 0 && y < height ? pixels[y * width + x]! : 0;
  });
  return { width: side, height: side, pixels: square };
}

/** Blocks of lines beside each other, as many as fit into `columns`, the rest in rows below. */
export function sideBySide(
  blocks: readonly (readonly string[])[],
  columns: number,
  gap: number = 4,
): string[] {
  const width = Math.max(0, ...blocks.flat().map((line) => line.length));
  const perRow = Math.max(1, Math.floor((columns + gap) / (width + gap)));
  const lines: string[] = [];
  for (let start = 0; start < blocks.length; start += perRow) {
    const row = blocks.slice(start, start + perRow);
    if (start > 0) lines.push("");
    for (let i = 0; i < Math.max(...row.map((block) => block.length)); i++) {
      lines.push(
        row
          .map((block) => (block[i] ?? "").padEnd(width + gap))
          .join("")
          .trimEnd(),
      );
    }
  }
  return lines;
}

/** Probabilities as bars: "7 ██████████▌        52.3 %" */
export function drawBars(probabilities: ArrayLike<number>, width: number = 40): string[] {
  return Array.from(probabilities, (probability, label) => {
    const eighths = Math.round(probability * width * 8);
    const partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]!;
    const bar = ("█".repeat(eighths >> 3) + partial).padEnd(width);
    return `${label} ${bar} ${(100 * probability).toFixed(1).padStart(5)} %`;
  });
}
