import { DtypeError, ShapeError } from "../errors.ts";
import type { Device } from "../backend/device.ts";
import { notePending } from "../engine/pending.ts";
import { realizeNodesSync } from "../engine/realize.ts";
import { Storage } from "../engine/storage.ts";
import { activeTrace, type Cell } from "../engine/trace.ts";
import { buffer, stopGradient } from "../graph/build.ts";
import type { Node } from "../graph/node.ts";
import { formatShape, sameShape, sizeOf } from "../shape.ts";
import { Tensor } from "./tensor.ts";

export interface VariableOptions {
  /** For messages and summaries. */
  readonly name?: string;
  /**
   * That nothing will be read that was built on an old value: the buffer is then used again when a new value is
   * computed, in captured steps and outside. What breaks the promise gets a StateError. For state that belongs to one
   * owner, such as an optimiser's.
   */
  readonly exclusive?: boolean;
}

/** A tensor whose value can be replaced: parameters, optimiser state, running statistics. */
export class Variable extends Tensor implements Cell {
  /** For messages and summaries; empty where none was given. */
  name: string;
  readonly #exclusive: boolean;

  constructor(initial: Tensor, options: VariableOptions = {}) {
    const own = stopGradient(initial.node);
    own.owned = true;
    super(own);
    notePending(own);
    this.name = options.name ?? "";
    this.#exclusive = options.exclusive ?? false;
  }

  /** The node of the present value; a captured step that updates it in place makes it a new one. */
  override get node(): Node {
    const present = this.#present();
    const trace = activeTrace();
    if (trace === null) return present;
    let node = trace.assigned.get(this) ?? trace.cells.get(this);
    if (node === undefined) {
      const { storage, shape, dtype } = present;
      node = buffer(storage ?? Storage.placeholder(dtype, sizeOf(shape)), shape);
      trace.cells.set(this, node);
    }
    return node;
  }

  protected override set node(node: Node) {
    super.node.owned = false;
    node.owned = true;
    super.node = node;
    notePending(node);
  }

  #present(): Node {
    const node = super.node;
    if (node.storage === null || node.version === node.storage.version) return node;
    const renewed = buffer(node.storage, node.shape);
    renewed.owned = true;
    super.node = renewed;
    return renewed;
  }

  get device(): Device | null {
    const node = super.node;
    return node.storage?.device ?? node.device;
  }

  storage(device: Device): Storage {
    const node = super.node;
    if (node.storage === null) realizeNodesSync([node], device);
    return node.storage!;
  }

  /**
   * Replaces the value; lazily, so that it costs nothing until it is realised. Throws ShapeError or DtypeError
   * where the new value differs in kind.
   */
  assign(value: Tensor): void {
    const { node } = value;
    const what = this.name === "" ? "a variable" : `variable "${this.name}"`;
    if (!sameShape(node.shape, this.shape)) {
      throw new ShapeError(
        `assign: ${what} has shape ${formatShape(this.shape)}, the value ${formatShape(node.shape)}`,
      );
    }
    if (node.dtype !== this.dtype)
      throw new DtypeError(`assign: ${what} is ${this.dtype}, the value ${node.dtype}`);
    // A node of its own: its elements may be overwritten later, and those of the value never.
    const own = stopGradient(node);
    const trace = activeTrace();
    if (trace !== null) {
      trace.assigned.set(this, own);
      return;
    }
    if (this.#exclusive) {
      const present = this.#present();
      own.replaces = present.storage === null ? present.replaces : present;
    }
    this.node = own;
  }

  /** Takes the value to another backend, in place. */
  async moveTo(backend: string): Promise<void> {
    const moved = await this.to(backend);
    if (moved !== this) this.node = moved.node;
  }
}
