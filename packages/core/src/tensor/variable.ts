import { DtypeError, ShapeError } from "../errors.ts";
import { realizeNodesSync } from "../engine/realize.ts";
import type { Storage } from "../engine/storage.ts";
import { activeTrace, outsideTrace, type Cell } from "../engine/trace.ts";
import { stopGradient } from "../graph/build.ts";
import { Node } from "../graph/node.ts";
import { formatShape, sameShape } from "../shape.ts";
import { Tensor } from "./tensor.ts";

export interface VariableOptions {
  /** For messages and summaries. */
  readonly name?: string;
}

/** A tensor whose value can be replaced: parameters, optimiser state, running statistics. */
export class Variable extends Tensor implements Cell {
  /** For messages and summaries; empty where none was given. */
  name: string;

  constructor(initial: Tensor, options: VariableOptions = {}) {
    const own = stopGradient(initial.node);
    own.owned = true;
    super(own);
    this.name = options.name ?? "";
  }

  /** The node of the present value; a captured step that updates it in place makes it a new one. */
  override get node(): Node {
    const trace = activeTrace();
    if (trace !== null) {
      const pending = trace.assigned.get(this);
      if (pending !== undefined) return pending;
      const leaf = this.leaf();
      trace.cells.set(leaf, this);
      return leaf;
    }
    return this.#present();
  }

  protected override set node(node: Node) {
    super.node.owned = false;
    node.owned = true;
    super.node = node;
  }

  #present(): Node {
    const node = super.node;
    if (node.storage === null || node.version === node.storage.version) return node;
    const renewed = new Node("buffer", [], null, node.shape, node.dtype);
    renewed.storage = node.storage;
    renewed.version = node.storage.version;
    super.node = renewed;
    return renewed;
  }

  /** The present value as a node whose elements exist. */
  leaf(): Node {
    const node = this.#present();
    if (node.storage === null) {
      const device = activeTrace()?.device ?? null;
      outsideTrace(() => realizeNodesSync([node], device));
    }
    return node;
  }

  /** The elements of the present value, computed if need be. */
  storage(): Storage {
    return super.node.storage ?? this.leaf().storage!;
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
    if (trace === null) this.node = own;
    else trace.assigned.set(this, own);
  }

  /** Takes the value to another backend, in place. */
  async moveTo(backend: string): Promise<void> {
    const moved = await this.to(backend);
    if (moved !== this) this.node = moved.node;
  }
}
