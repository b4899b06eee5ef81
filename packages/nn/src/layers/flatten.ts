import type { Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/** Joins axes `start` … `end` into one: [N, C, H, W] gives [N, C·H·W]. */
export class Flatten extends Module {
  readonly start: number;
  readonly end: number;

  constructor(start: number = 1, end: number = -1) {
    super();
    this.start = start;
    this.end = end;
  }

  override forward(x: Tensor): Tensor {
    return x.flatten(this.start, this.end);
  }

  protected override describe(): string {
    return `start=${this.start}, end=${this.end}`;
  }
}
