import { OptionError, StateError } from "@chainrule/core";
import type { Resvg } from "@resvg/resvg-js";

/** How an SVG becomes a PNG. */
export interface PngOptions {
  /** Pixels for each of the figure's own; default 2. */
  readonly scale?: number;
  /** Paths of fonts, for a system that has none. */
  readonly fontFiles?: readonly string[];
}

/**
 * An SVG document as the bytes of a PNG, drawn by resvg (the optional package `@resvg/resvg-js`).
 *
 * @throws StateError where that package is not installed; OptionError for a scale that is not positive.
 */
export async function toPng(svg: string, options: PngOptions = {}): Promise<Uint8Array> {
  const { scale = 2, fontFiles = [] } = options;
  if (!(scale > 0 && scale <= 20))
    throw new OptionError(`toPng: scale is ${scale}; it must be above 0 and at most 20`);
  const { Resvg: Renderer } = await load();
  const drawing = new Renderer(svg, {
    fitTo: { mode: "zoom", value: scale },
    background: "white",
    font: { loadSystemFonts: true, fontFiles: [...fontFiles], defaultFontFamily: "DejaVu Sans" },
  });
  return drawing.render().asPng();
}

async function load(): Promise<{ readonly Resvg: typeof Resvg }> {
  try {
    return await import("@resvg/resvg-js");
  } catch (cause) {
    throw new StateError(
      "toPng: needs the package @resvg/resvg-js; install it with npm install @resvg/resvg-js",
      {
        cause,
      },
    );
  }
}
