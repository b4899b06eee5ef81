/** A curve of losses by step made calm: the middle of each `window` of steps, and the mean loss there. */
export function smoothed(losses: readonly number[], window: number): { x: number[]; y: number[] } {
  const starts = Array.from({ length: Math.floor(losses.length / window) }, (_, i) => i * window);
  const mean = (start: number): number =>
    losses.slice(start, start + window).reduce((sum, loss) => sum + loss, 0) / window;
  return { x: starts.map((start) => start + window / 2), y: starts.map(mean) };
}
