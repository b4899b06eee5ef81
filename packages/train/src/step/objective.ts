import type { Tensor } from "@chainrule/core";
import type { Module } from "@chainrule/nn";
import { clipGradNorm, clipGradValue, type Optimizer } from "@chainrule/optim";
import type { Loss } from "../evaluate.ts";

/** A bound on the gradients: on the norm of all together, or on each element. */
export type Clip = { readonly norm: number } | { readonly value: number };

/** What a training step is made of. */
export interface StepOptions {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly clip?: Clip | undefined;
  /** Whether the step is captured once and replayed, or its graph built anew each time. */
  readonly capture: boolean;
}

/** What a step finds out before its update. */
export type Derivatives = {
  /** The loss plus 0·g for each gradient element g: not finite unless the loss and all gradients are. */
  readonly checked: Tensor;
  readonly gradients: readonly Tensor[];
  /** The values that the forward pass wants the model's buffers to have; the buffers have those from before it. */
  readonly buffers: readonly Tensor[];
};

/** Loss and gradients of one batch as a graph. */
export function differentiate(model: Module, options: StepOptions, x: Tensor, y: Tensor): Derivatives {
  const held = model.buffers();
  const before = held.map((buffer) => buffer.stopGradient());
  const loss = options.loss(model.forward(x), y);
  const buffers = held.map((buffer) => buffer.stopGradient());
  held.forEach((buffer, i) => buffer.assign(before[i]!));
  const gradients = clipped(loss.gradient(...model.parameters()), options.clip);
  const checked = gradients.reduce((sum, gradient) => sum.add(gradient.mul(0).sum()), loss);
  return { checked, gradients, buffers };
}

function clipped(gradients: Tensor[], clip: Clip | undefined): Tensor[] {
  if (!clip) return gradients;
  return "norm" in clip ? clipGradNorm(gradients, clip.norm).gradients : clipGradValue(gradients, clip.value);
}
