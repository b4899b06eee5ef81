/** Base of every error that Chainrule throws on purpose: catch it to tell our errors from a bug's. */
export class ChainruleError extends Error {
  override name = "ChainruleError";
}

/** Shapes that do not fit an operation; the message names the operation and every shape. */
export class ShapeError extends ChainruleError {
  override name = "ShapeError";
}

/** A dtype that an operation or a backend does not take. */
export class DtypeError extends ChainruleError {
  override name = "DtypeError";
}

/** An axis that the tensor does not have, or one named twice. */
export class AxisError extends ChainruleError {
  override name = "AxisError";
}

/** An index outside the axis it points into. */
export class IndexError extends ChainruleError {
  override name = "IndexError";
}

/** A backend that is missing, not ready, out of resources, or mixed with another in one expression. */
export class BackendError extends ChainruleError {
  override name = "BackendError";
}

/** Bytes that are not what their format says: truncated, oversized or contradicting themselves. */
export class FormatError extends ChainruleError {
  override name = "FormatError";
}

/** A NaN or an infinity where finite numbers were expected. */
export class NumericError extends ChainruleError {
  override name = "NumericError";
}

/** A call that is right in itself and wrong at this moment: a disposed tensor, a stale value, a second use. */
export class StateError extends ChainruleError {
  override name = "StateError";
}

/** An argument or an option outside the values it may have. */
export class OptionError extends ChainruleError {
  override name = "OptionError";
}
