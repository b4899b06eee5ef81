import { openDevice } from "../backend/registry.ts";
import type { TypedArray } from "../dtype.ts";
import { NumericError, ShapeError, StateError } from "../errors.ts";
import { bufferOf, realizeNodes, realizeNodesSync } from "../engine/realize.ts";
import { Storage } from "../engine/storage.ts";
import { activeTrace } from "../engine/trace.ts";
import { gradient } from "../graph/gradient.ts";
import { buffer } from "../graph/build.ts";
import type { Node } from "../graph/node.ts";
import { formatShape, sizeOf, type Shape } from "../shape.ts";
import type { Handle } from "./handle.ts";
import { ShapingMethods } from "./shaping.ts";

/** Numbers nested as deep as a tensor has axes. */
export type NestedArray = number | NestedArray[];

function nest(data: TypedArray, shape: Shape): NestedArray {
  let level: NestedArray[] = Array.from(data);
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const size = shape[axis]!;
    const count = sizeOf(shape.slice(0, axis));
    const inner = level;
    level = Array.from({ length: count }, (_, i) => inner.slice(i * size, (i + 1) * size));
  }
  return shape.length === 0 ? level[0]! : level;
}

/**
 * An n-dimensional array of numbers, lazy: operations check their operands at once and compute when elements are
 * read. Nothing has to be disposed; elements go when the last tensor that leads to them is gone.
 */
export class Tensor extends ShapingMethods<Tensor> {
  #node: Node;
  /** Whether the elements are its own: an operation that changes nothing gives a second tensor of the same node. */
  readonly #owns: boolean;

  /** From a node of the graph; users make tensors with `tensor`, `zeros`, `random` and their like. */
  constructor(node: Node) {
    super();
    this.#node = node;
    this.#owns = !node.held;
    node.held = true;
  }

  override get node(): Node {
    return this.#node;
  }

  /** Points this tensor at another node. */
  protected set node(node: Node) {
    this.#node = node;
    node.held = true;
  }

  protected override wrap(node: Node): Tensor {
    return new Tensor(node);
  }

  /** The backend that holds what it is made of; null while that waits on the host. */
  get backend(): string | null {
    return (this.node.storage?.device ?? this.node.device)?.name ?? null;
  }

  /** A copy of the elements, in row-major order; bool as 0 and 1 in a Uint8Array. */
  async data(): Promise<TypedArray> {
    refuseInCapture("data()");
    const { node } = this;
    // What is there already is read before anything else that is called can update it in place.
    if (node.storage === null) await realizeNodes([node]);
    const storage = node.storage!;
    const { device } = storage;
    if (device === null) return storage.host.slice();
    const data = await device.backend.read(bufferOf(node, device));
    await device.takeTurn();
    return data;
  }

  /** As `data`, at once: only on backends that can be read synchronously. */
  dataSync(): TypedArray {
    refuseInCapture("dataSync()");
    const { node } = this;
    realizeNodesSync([node]);
    const storage = node.storage!;
    const { device } = storage;
    return device === null ? storage.host.slice() : device.readSync(bufferOf(node, device));
  }

  /** The only element. Throws ShapeError where there are more or none. */
  async item(): Promise<number> {
    checkSingle(this.shape);
    return (await this.data())[0]!;
  }

  /** As `item`, at once. */
  itemSync(): number {
    checkSingle(this.shape);
    return this.dataSync()[0]!;
  }

  /** The elements as nested arrays; a scalar as a number. */
  async toArray(): Promise<NestedArray> {
    return nest(await this.data(), this.shape);
  }

  /** The same elements on another backend. A tensor that is there already is itself. */
  async to(backend: string): Promise<Tensor> {
    const target = await openDevice(backend);
    await realizeNodes([this.node]);
    const { storage } = this.node;
    if (storage!.device === target) return this;
    const moved = Storage.onHost(await this.data(), this.dtype);
    moved.bufferOn(target);
    return new Tensor(buffer(moved, this.shape));
  }

  /**
   * ∂(this)/∂x for each x, as tensors that can be differentiated again; zeros for an x it does not depend on.
   * Throws ShapeError where this is not a scalar.
   */
  gradient(...xs: Handle<unknown>[]): Tensor[] {
    return gradient(
      this.node,
      xs.map((x) => x.node),
    ).map((node) => new Tensor(node));
  }

  /**
   * Frees the elements now, instead of when the garbage collector finds them. They cannot be read afterwards. Elements
   * that are also another, older tensor's, as those of `x.cast(x.dtype)` are, stay until that one goes.
   */
  dispose(): void {
    if (this.#owns) this.node.storage?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  override toString(): string {
    const state = this.node.storage ? (this.backend ?? "host") : `lazy ${this.node.op}`;
    return `Tensor ${this.dtype}${formatShape(this.shape)} (${state})`;
  }

  /** Numbers are read with `await`; a tensor in arithmetic is a mistake, said here instead of becoming NaN. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new NumericError(
      `${this.toString()} is not a number; use its methods, or read it with await t.item()`,
    );
  }
}

function checkSingle(shape: Shape): void {
  if (sizeOf(shape) !== 1) {
    throw new ShapeError(
      `item: ${formatShape(shape)} has ${sizeOf(shape)} elements; reduce it first, or use data()`,
    );
  }
}

function refuseInCapture(call: string): void {
  if (activeTrace() === null) return;
  throw new StateError(
    `${call} was called while a function is captured, when nothing is computed yet; ` +
      `return the tensor from the function and read it outside`,
  );
}
