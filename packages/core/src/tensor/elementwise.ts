import type { Dtype } from "../dtype.ts";
import { checkDtype } from "../dtype.ts";
import * as g from "../graph/build.ts";
import * as ops from "../ops/elementwise.ts";
import { Handle, inputOf, type Operand } from "./handle.ts";

/** Operations on each element by itself; operands broadcast by NumPy's rule and meet in the wider dtype. */
export abstract class ElementwiseMethods<T> extends Handle<T> {
  /** x + y. */
  add(other: Operand): T {
    return this.wrap(ops.add(this.node, inputOf(other)));
  }
  /** x − y. */
  sub(other: Operand): T {
    return this.wrap(ops.sub(this.node, inputOf(other)));
  }
  /** x·y. */
  mul(other: Operand): T {
    return this.wrap(ops.mul(this.node, inputOf(other)));
  }
  /** x/y; integers become float32. */
  div(other: Operand): T {
    return this.wrap(ops.div(this.node, inputOf(other)));
  }
  /** x − ⌊x/y⌋·y: the remainder with the sign of the divisor, as in Python. */
  mod(other: Operand): T {
    return this.wrap(ops.mod(this.node, inputOf(other)));
  }
  /** xʸ. */
  pow(exponent: Operand): T {
    return this.wrap(ops.pow(this.node, inputOf(exponent)));
  }
  /** −x. */
  neg(): T {
    return this.wrap(ops.neg(this.node));
  }
  /** 1/x. */
  reciprocal(): T {
    return this.wrap(ops.reciprocal(this.node));
  }
  /** The larger of x and y; NaN where either is NaN. */
  maximum(other: Operand): T {
    return this.wrap(ops.maximum(this.node, inputOf(other)));
  }
  /** The smaller of x and y; NaN where either is NaN. */
  minimum(other: Operand): T {
    return this.wrap(ops.minimum(this.node, inputOf(other)));
  }
  /** x = y, as bool. */
  equal(other: Operand): T {
    return this.wrap(ops.equal(this.node, inputOf(other)));
  }
  /** x ≠ y, as bool. */
  notEqual(other: Operand): T {
    return this.wrap(ops.notEqual(this.node, inputOf(other)));
  }
  /** x < y, as bool. */
  less(other: Operand): T {
    return this.wrap(ops.less(this.node, inputOf(other)));
  }
  /** x ≤ y, as bool. */
  lessEqual(other: Operand): T {
    return this.wrap(ops.lessEqual(this.node, inputOf(other)));
  }
  /** x > y, as bool. */
  greater(other: Operand): T {
    return this.wrap(ops.greater(this.node, inputOf(other)));
  }
  /** x ≥ y, as bool. */
  greaterEqual(other: Operand): T {
    return this.wrap(ops.greaterEqual(this.node, inputOf(other)));
  }
  /** Whether both are other than 0. */
  logicalAnd(other: Operand): T {
    return this.wrap(ops.logicalAnd(this.node, inputOf(other)));
  }
  /** Whether one is other than 0. */
  logicalOr(other: Operand): T {
    return this.wrap(ops.logicalOr(this.node, inputOf(other)));
  }
  /** Whether it is 0. */
  logicalNot(): T {
    return this.wrap(ops.logicalNot(this.node));
  }
  isNaN(): T {
    return this.wrap(ops.isNaN(this.node));
  }
  /** Whether it is +∞ or −∞. */
  isInf(): T {
    return this.wrap(ops.isInf(this.node));
  }
  /** Whether it is neither NaN nor infinite. */
  isFinite(): T {
    return this.wrap(ops.isFinite(this.node));
  }
  /** `x` where this is other than 0, else `y`. */
  where(x: Operand, y: Operand): T {
    return this.wrap(ops.where(this.node, inputOf(x), inputOf(y)));
  }
  /** min(max(x, low), high); either bound may be left out. */
  clip(low?: number, high?: number): T {
    return this.wrap(ops.clip(this.node, low, high));
  }
  /** |x|. */
  abs(): T {
    return this.wrap(ops.abs(this.node));
  }
  /** −1, 0 or 1. */
  sign(): T {
    return this.wrap(ops.sign(this.node));
  }
  /** √x; NaN below 0. */
  sqrt(): T {
    return this.wrap(ops.sqrt(this.node));
  }
  /** 1/√x. */
  rsqrt(): T {
    return this.wrap(ops.rsqrt(this.node));
  }
  /** x². */
  square(): T {
    return this.wrap(ops.square(this.node));
  }
  /** eˣ. */
  exp(): T {
    return this.wrap(ops.exp(this.node));
  }
  /** The natural logarithm. */
  log(): T {
    return this.wrap(ops.log(this.node));
  }
  /** ln(1 + x), exact near 0. */
  log1p(): T {
    return this.wrap(ops.log1p(this.node));
  }
  /** eˣ − 1, exact near 0. */
  expm1(): T {
    return this.wrap(ops.expm1(this.node));
  }
  /** Sine of an angle in radians. */
  sin(): T {
    return this.wrap(ops.sin(this.node));
  }
  /** Cosine of an angle in radians. */
  cos(): T {
    return this.wrap(ops.cos(this.node));
  }
  /** The hyperbolic tangent. */
  tanh(): T {
    return this.wrap(ops.tanh(this.node));
  }
  /** 1/(1 + e⁻ˣ). */
  sigmoid(): T {
    return this.wrap(ops.sigmoid(this.node));
  }
  /** ln σ(x), without overflow. */
  logSigmoid(): T {
    return this.wrap(ops.logSigmoid(this.node));
  }
  /** ln(1 + eˣ), without overflow. */
  softplus(): T {
    return this.wrap(ops.softplus(this.node));
  }
  /** max(x, 0). */
  relu(): T {
    return this.wrap(ops.relu(this.node));
  }
  /** The error function 2/√π ∫₀ˣ e^(−t²) dt. */
  erf(): T {
    return this.wrap(ops.erf(this.node));
  }
  /** The next whole number down. */
  floor(): T {
    return this.wrap(ops.floor(this.node));
  }
  /** The next whole number up. */
  ceil(): T {
    return this.wrap(ops.ceil(this.node));
  }
  /** The nearest whole number, halves to the even one. */
  round(): T {
    return this.wrap(ops.round(this.node));
  }
  /** The next whole number toward 0. */
  trunc(): T {
    return this.wrap(ops.trunc(this.node));
  }
  /** The same numbers in another dtype; floats lose their fraction on the way to integers. */
  cast(dtype: Dtype): T {
    checkDtype(dtype);
    return this.wrap(g.cast(this.node, dtype));
  }
  /** Itself where it is a float, else as float32. */
  toFloat(): T {
    return this.wrap(g.cast(this.node, this.dtype === "float64" ? "float64" : "float32"));
  }
  /** The same value, through which no gradient flows. */
  stopGradient(): T {
    return this.wrap(g.stopGradient(this.node));
  }
  /** PyTorch's name for `stopGradient`. */
  detach(): T {
    return this.stopGradient();
  }
}
