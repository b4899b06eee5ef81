/** Weights of the source samples under one target sample. */
interface Tap {
  readonly start: number;
  readonly weights: readonly number[];
}

/**
 * Scales an image with a triangle filter that widens as the image shrinks, so that thin strokes fade instead of
 * vanishing between samples.
 */
export function resample(
  source: Float32Array,
  [width, height]: readonly [number, number],
  [newWidth, newHeight]: readonly [number, number],
): Float32Array {
  const narrow = new Float32Array(newWidth * height);
  const columns = taps(width, newWidth);
  for (let y = 0; y < height; y++) {
    columns.forEach(({ start, weights }, x) => {
      narrow[y * newWidth + x] = weights.reduce((sum, w, k) => sum + w * source[y * width + start + k]!, 0);
    });
  }
  const result = new Float32Array(newWidth * newHeight);
  taps(height, newHeight).forEach(({ start, weights }, y) => {
    for (let x = 0; x < newWidth; x++) {
      result[y * newWidth + x] = weights.reduce(
        (sum, w, k) => sum + w * narrow[(start + k) * newWidth + x]!,
        0,
      );
    }
  });
  return result;
}

function taps(size: number, newSize: number): Tap[] {
  const scale = size / newSize;
  const reach = Math.max(1, scale);
  return Array.from({ length: newSize }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.floor(centre - reach));
    const end = Math.min(size, Math.ceil(centre + reach));
    const weights = Array.from({ length: end - start }, (_, k) =>
      Math.max(0, 1 - Math.abs(start + k + 0.5 - centre) / reach),
    );
    const total = weights.reduce((sum, w) => sum + w, 0);
    return { start, weights: weights.map((w) => w / total) };
  });
}
