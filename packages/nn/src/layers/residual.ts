import { ShapeError, type Tensor } from "@chainrule/core";
import { Module } from "../module.ts";

/**
 * A module with a way around it: y = f(x) + s(x), where the shortcut s is the identity unless given. He et al., "Deep
 * residual learning for image recognition", CVPR 2016.
 *
 * @throws ShapeError from `forward`, where f(x) and s(x) differ in shape: give a shortcut such as a `Linear`.
 */
export class Residual extends Module {
  readonly module: Module;
  readonly shortcut: Module | null;

  constructor(module: Module, shortcut: Module | null = null) {
    super();
    this.module = module;
    this.shortcut = shortcut;
  }

  override forward(x: Tensor): Tensor {
    const y = this.module.forward(x);
    const around = this.shortcut ? this.shortcut.forward(x) : x;
    if (y.shape.join() !== around.shape.join()) {
      throw new ShapeError(
        `Residual: the module gives [${y.shape.join(", ")}] and the shortcut [${around.shape.join(", ")}]; ` +
          `they must have one shape, so give a shortcut that maps to it, such as a Linear`,
      );
    }
    return y.add(around);
  }
}
