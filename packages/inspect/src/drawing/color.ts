/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** The parts of "#RRGGBB". */
export function parseColor(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** The colour a share of the way from one to another, part by part. */
export function mixRgb(from: Rgb, to: Rgb, share: number): Rgb {
  const part = (i: 0 | 1 | 2): number => Math.round(from[i] + (to[i] - from[i]) * share);
  return [part(0), part(1), part(2)];
}

/** `mixRgb` for "#RRGGBB". */
export function mix(from: string, to: string, share: number): string {
  const parts = mixRgb(parseColor(from), parseColor(to), share);
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
