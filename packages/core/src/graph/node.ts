import type { Device } from "../backend/device.ts";
import type { BinaryOp, ReduceOp, UnaryOp } from "../backend/kernel.ts";
import { isFloat, type Dtype } from "../dtype.ts";
import type { Storage } from "../engine/storage.ts";
import { BackendError } from "../errors.ts";
import type { Shape } from "../shape.ts";

/** A derivative given by hand: the gradients of the inputs after the first, from that of the node. */
export type Backward = (upstream: Node, node: Node) => readonly (Node | null)[];

/** Windows along `axis` and the last axis, added up along an axis of `length` that takes the place of both. */
export type TransposedWindow = (
  windows: Node,
  axis: number,
  length: number,
  stride: number,
  dilation: number,
) => Node;

/** What an operation is told besides its inputs; null where shape and dtype say it all. */
export interface Attributes extends Record<UnaryOp | BinaryOp, null> {
  /** Elements that exist: host data or a realised value. */
  buffer: null;
  const: number;
  /** The row-major position of each index, an int32. */
  iota: null;
  /** 32 random bits an element from the key that is the input. */
  randomBits: null;
  cast: null;
  where: null;
  reduce: { readonly op: ReduceOp; readonly axes: readonly number[] };
  reshape: null;
  permute: readonly number[];
  expand: null;
  pad: readonly (readonly [number, number])[];
  slice: { readonly starts: readonly number[]; readonly steps: readonly number[] };
  flip: readonly number[];
  /** Matrices [m, nᵢ] side by side: [m, Σ nᵢ]. */
  concat: null;
  /** Sliding windows along an axis, as a new last axis; `transpose` adds them up where they were taken from. */
  window: {
    readonly axis: number;
    readonly size: number;
    readonly stride: number;
    readonly dilation: number;
    readonly transpose: TransposedWindow;
  };
  /** [...batch, m, k] · [...batch, k, n], the batch axes being the same on both sides. */
  dot: null;
  /** gather(x, indices): out[…i…] = x[…indices[…i…]…] along the axis; other axes agree. */
  gather: { readonly axis: number };
  /** scatterAdd(indices, values): zeros, with each value added where its index points along the axis. */
  scatterAdd: { readonly axis: number };
  stopGradient: null;
  /** The first input, with a derivative of its own towards the others. */
  custom: Backward;
}

/** The closed set of primitive operations; all else is composed of them. */
export type Op = keyof Attributes;

/** Operations that compute nothing: their value is their first input's. */
export const isAlias = (op: Op): boolean => op === "stopGradient" || op === "custom";

/** Numbers for texts, in the order in which they are first met. */
class Numbering {
  readonly #numbers = new Map<string, number>();
  #next = 0;

  /**
   * Equal numbers mean equal texts; the converse may fail after the table was emptied, which costs a plan and never an
   * answer.
   */
  of(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.#numbers.size >= 1 << 16) this.#numbers.clear();
    this.#numbers.set(text, this.#next);
    return this.#next++;
  }
}

const shapes = new Numbering();
const kinds = new Numbering();
const signatures = new Numbering();

// Most nodes have the very shape of an operand and no attributes: these tables find their numbers without a text.
const shapeNumbers = new WeakMap<Shape, number>();
const plainSignatures = new Map<number, number>();

function shapeNumber(shape: Shape): number {
  let number = shapeNumbers.get(shape);
  if (number === undefined) shapeNumbers.set(shape, (number = shapes.of(shape.join())));
  return number;
}

const kindNumbers: Partial<Record<Op, Partial<Record<Dtype, number>>>> = {};

function kindNumber(op: Op, dtype: Dtype): number {
  const byDtype = (kindNumbers[op] ??= {});
  return (byDtype[dtype] ??= kinds.of(`${op} ${dtype}`));
}

function describe(attributes: unknown): string {
  // JSON has no word for -0, NaN and the infinities, which are different constants.
  if (typeof attributes === "number") return Object.is(attributes, -0) ? "-0" : String(attributes);
  return JSON.stringify(attributes);
}

/** A small number for (op, attributes, shape, dtype). */
function signatureOf(op: Op, attributes: unknown, shape: Shape, dtype: Dtype): number {
  // An alias is walked through, whatever its derivative is.
  if (attributes !== null && op !== "custom") {
    return signatures.of(`${op} ${dtype} ${shapeNumber(shape)} ${describe(attributes)}`);
  }
  // There are fewer kinds than 2¹⁰: operations times dtypes.
  const key = shapeNumber(shape) * 1024 + kindNumber(op, dtype);
  let signature = plainSignatures.get(key);
  if (signature === undefined) {
    if (plainSignatures.size >= 1 << 16) plainSignatures.clear();
    plainSignatures.set(key, (signature = signatures.of(`${op} ${dtype} ${shapeNumber(shape)}`)));
  }
  return signature;
}

/** One operation of the lazy graph: immutable, but for the storage that realisation gives it. */
export class Node<O extends Op = Op> {
  readonly op: O;
  /** What it is computed from; empty once that no longer matters. */
  inputs: readonly Node[];
  readonly attributes: Attributes[O];
  readonly shape: Shape;
  readonly dtype: Dtype;
  readonly signature: number;
  /** Where the elements that it is made of live; null while all of them wait on the host. */
  readonly device: Device | null;
  /** Whether it is a variable's present value: it is then stored whenever it is computed. */
  owned = false;
  /** The leaf whose buffer this value takes over when it is computed: nobody will read the old elements then. */
  replaces: Node | null = null;
  /** The elements, once they exist. */
  storage: Storage | null = null;
  /** The storage's version that this node stands for: a captured step that updates it in place moves it on. */
  version = 0;
  /** Scratch of one graph walk: which walk was here last, and the number it gave this node. */
  visit = 0;
  index = 0;
  /** Whether a tensor stands for it already. The first one that does may free its elements. */
  held = false;

  constructor(op: O, inputs: readonly Node[], attributes: Attributes[O], shape: Shape, dtype: Dtype) {
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
    this.shape = shape;
    this.dtype = dtype;
    this.signature = signatureOf(op, attributes, shape, dtype);
    let device: Device | null = null;
    for (const input of inputs) {
      const other = input.storage?.device ?? input.device;
      if (other === null || other === device) continue;
      if (device !== null) {
        throw new BackendError(
          `${op}: operands live on two backends, "${device.name}" and "${other.name}"; ` +
            `move one of them first: await t.to("${device.name}")`,
        );
      }
      device = other;
    }
    this.device = device;
  }

  /**
   * Takes on its elements. Where no gradient passes, what they were computed from is let go: a variable would
   * otherwise keep every value that it ever had.
   */
  realized(storage: Storage): void {
    this.storage = storage;
    this.version = storage.version;
    this.replaces = null;
    if (this.op === "stopGradient" || !isFloat(this.dtype)) this.inputs = [];
  }

  /** The signature of any realised node of this shape and dtype: what made it no longer matters. */
  get leafSignature(): number {
    return isOp(this, "buffer") ? this.signature : signatureOf("buffer", null, this.shape, this.dtype);
  }
}

/** Whether a node is of an operation, narrowing its attributes. */
export const isOp = <O extends Op>(node: Node, op: O): node is Node<O> => node.op === op;
