import { encode } from "fast-png";
import type { Rgb } from "./color.ts";
import { px } from "./frame.ts";

/** Pixels by row as an SVG `<image>` at a place, each a sharp square unless `smooth`. */
export function picture(
  pixels: readonly Rgb[],
  size: { readonly width: number; readonly height: number },
  at: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  smooth: boolean = false,
): string {
  // Some renderers blur what they enlarge, whatever the document asks for; enlarged here, squares stay sharp.
  const factor = smooth ? 1 : Math.max(1, Math.ceil(at.width / size.width));
  const [width, height] = [size.width * factor, size.height * factor];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.set(pixels[Math.floor(y / factor) * size.width + Math.floor(x / factor)]!, (y * width + x) * 3);
    }
  }
  const bytes = encode({ width, height, data, channels: 3, depth: 8 });
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const rendering = smooth ? "" : ` style="image-rendering:pixelated"`;
  return (
    `<image x="${px(at.x)}" y="${px(at.y)}" width="${px(at.width)}" height="${px(at.height)}" ` +
    `preserveAspectRatio="none"${rendering} xlink:href="data:image/png;base64,${btoa(binary)}"/>`
  );
}
