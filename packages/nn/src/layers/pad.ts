import { OptionError, ShapeError, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";
import { padAxes, paddingModes, type PaddingMode } from "./padding.ts";
import type { Margin } from "./spatial.ts";

/** Options of Pad. */
export interface PadOptions {
  /** "zeros" unless given. */
  readonly mode?: PaddingMode;
}

/**
 * Margins around the last axes: [before, after] for each of them, outermost first, or one number for all axes behind the
 * channels of [N, C, ...]. "zeros"; "reflect", the inside mirrored at the outermost element; "replicate", the outermost
 * element repeated.
 *
 * @throws OptionError unless margins are whole numbers ≥ 0; from `forward` ShapeError where there are fewer axes than
 * margins, or a mirror is not wider than its margin.
 */
export class Pad extends Module {
  readonly margins: number | readonly Margin[];
  readonly mode: PaddingMode;

  constructor(margins: number | readonly Margin[], options: PadOptions = {}) {
    super();
    const { mode = "zeros" } = options;
    if ([margins].flat(2).some((n) => !Number.isInteger(n) || n < 0)) {
      throw new OptionError(`Pad: margins are whole numbers ≥ 0, not ${JSON.stringify(margins)}`);
    }
    if (!paddingModes.includes(mode)) {
      throw new OptionError(`Pad: mode is one of ${paddingModes.join(", ")}, not ${JSON.stringify(mode)}`);
    }
    this.margins = margins;
    this.mode = mode;
  }

  override forward(x: Tensor): Tensor {
    const { margins } = this;
    const listed =
      typeof margins === "number" ? x.shape.slice(2).map((): Margin => [margins, margins]) : margins;
    if (listed.length === 0 || listed.length > x.rank) {
      throw new ShapeError(`Pad(${this.describe()}): no such axes in an input of [${x.shape.join(", ")}]`);
    }
    return padAxes("Pad", x, listed, this.mode);
  }

  protected override describe(): string {
    return `${JSON.stringify(this.margins)}, mode=${this.mode}`;
  }
}
