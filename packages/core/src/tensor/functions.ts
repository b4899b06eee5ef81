import * as running from "../ops/cumsum.ts";
import * as inverse from "../ops/erfinv.ts";
import { Tensor } from "./tensor.ts";

/*
 * What is seldom used is no method of tensors, so that pages without it do not load it.
 */

/** The inverse of erf on [−1, 1], ±∞ at its ends and NaN outside. */
export const erfinv = (x: Tensor): Tensor => new Tensor(inverse.erfinv(x.node));

/** y[i] = x[0] + … + x[i] along an axis. Throws AxisError where there is no such axis. */
export const cumsum = (x: Tensor, axis: number): Tensor => new Tensor(running.cumsum(x.node, axis));
