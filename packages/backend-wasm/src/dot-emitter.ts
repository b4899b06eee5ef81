import type { DotKernel } from "@chainrule/core";
import { control } from "./control.ts";
import { emitEpilogue } from "./dot-epilogue.ts";
import { emitPack } from "./dot-pack.ts";
import { type DotPlan, type Matrix, planDot } from "./dot-plan.ts";
import { emitInnerTile, emitTile } from "./dot-tile.ts";
import type { Entry, Program } from "./program.ts";
import type { Target } from "./target.ts";
import { Func, type Int, type Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";
import { i32 } from "./wasm/types.ts";

/** One matrix of the batch, as a function that multiplies it knows it. */
export interface Place {
  readonly f: Func;
  readonly bindings: Local;
  readonly a: Int;
  readonly b: Int;
  /** Index of the matrix on each batch axis. */
  readonly batch: readonly Int[];
  /** Number of the matrix. */
  readonly number: Int;
  /** Scratch of this thread. */
  readonly own: Int;
}

/** One pass over one block of columns, and where packed B and waiting results are. */
export interface Piece {
  readonly block: Int;
  readonly pass: Int;
  readonly packed: Int;
  readonly results: Int;
}

/** Ranges of tiles of rows and of panels of columns. */
export interface Extent {
  readonly fromTile: Int;
  readonly toTile: Int;
  readonly fromPanel: Int;
  readonly toPanel: Int;
}

/** Emits the functions of a product and the loops that call them. */
export class DotEmitter {
  readonly plan: DotPlan;
  readonly #program: Program;
  readonly #kernel: DotKernel;
  readonly #epilogue: Func | null;
  readonly #functions = new Map<string, Func>();

  constructor(program: Program, kernel: DotKernel) {
    this.#program = program;
    this.#kernel = kernel;
    this.plan = planDot(kernel, program.instructions === "relaxed");
    const { plain, cRow, swapped } = this.plan;
    this.#epilogue = plain ? null : emitEpilogue(program, kernel, cRow, swapped);
  }

  /** A function of the module, emitted when it is first called for. */
  #function(name: string, emit: (target: Target) => Func): Func {
    let known = this.#functions.get(name);
    if (known === undefined) {
      known = emit(this.#program.target(new Func([])));
      this.#functions.set(name, known);
    }
    return known;
  }

  #tile(rows: number, columns: number): Func {
    const { a, b, k, cRow, arithmetic, isInner, packsA, packsB, panel, passes } = this.plan;
    const { size } = arithmetic;
    return this.#function(`tile ${rows} ${columns}`, (target) => {
      if (isInner) {
        const strides = { aRow: a.row, bColumn: b.column, cRow };
        return emitInnerTile(target, arithmetic, rows, columns, k, strides);
      }
      const strides = {
        aRow: packsA ? size : a.row,
        aStep: packsA ? rows * size : a.column,
        bStep: packsB ? panel * size : b.row,
        cRow,
      };
      return emitTile(target, arithmetic, rows, columns, strides, passes > 1);
    });
  }

  #packer(count: number, width: number, line: number, step: number): Func {
    const name = `pack ${count} ${width} ${line} ${step}`;
    const { dtype } = this.#kernel;
    return this.#function(name, (target) =>
      emitPack(target, dtype, this.plan.arithmetic, count, width, line, step),
    );
  }

  /** Panels of a block. */
  panelsOf(f: Func, block: Int): Int {
    const { n, panel, panels, blocks } = this.plan;
    const all = Math.ceil(n / panel);
    return blocks === 1 ? all : f.min(f.sub(all, f.scale(block, panels)), panels);
  }

  /** Steps of k in a pass. */
  #length(f: Func, pass: Int): Int {
    const { k, passes, depth } = this.plan;
    return passes === 1 ? k : f.min(f.sub(k, f.scale(pass, depth)), depth);
  }

  /** Packs panels of a block for one pass. */
  pack({ f, b: address }: Place, { block, pass, packed }: Piece, from: Int, to: Int): void {
    const { b, panel, panels, depth, arithmetic } = this.plan;
    const length = this.#length(f, pass);
    const origin = f.add(address, f.scale(f.scale(pass, depth), b.row));
    this.#overPanels(f, block, from, to, (number, count) => {
      const column = f.scale(f.add(f.scale(block, panels), number), panel);
      const target = f.add(packed, f.scale(number, panel * arithmetic.size * depth));
      const packer = this.#packer(count, panel, b.column, b.row);
      f.call(packer, f.add(origin, f.scale(column, b.column)), target, length);
    });
  }

  /** `visit` for each panel of a block, with the number of columns that it has. */
  #overPanels(f: Func, block: Int, from: Int, to: Int, visit: (number: Int, count: number) => void): void {
    const { n, panel, panels } = this.plan;
    const rest = n % panel;
    const whole = rest === 0 ? to : f.min(to, f.sub(Math.floor(n / panel), f.scale(block, panels)));
    f.loop(from, whole, 1, (number) => visit(number, panel));
    if (rest === 0) return;
    f.push(whole, to);
    f.raw(op.ltS);
    f.when(() => f.scope(() => visit(whole, rest)));
  }

  /** Computes tiles of a block for one pass, and after the last pass the outputs. */
  compute(place: Place, piece: Piece, extent: Extent): void {
    const { f } = place;
    const { taller, shorter } = this.plan;
    const { fromTile, toTile } = extent;
    const some = (from: Int, to: Int, rows: number): void => {
      f.loop(from, to, 1, (tile) => this.#rows(place, piece, tile, rows, extent));
    };
    if (taller === 0) return some(fromTile, toTile, shorter);
    some(fromTile, f.min(toTile, taller), shorter + 1);
    const from = f.local(i32);
    f.set(from, fromTile);
    f.push(from, taller);
    f.raw(op.ltS);
    f.when(() => f.set(from, taller));
    some(from, toTile, shorter);
  }

  /** One tile of rows, over all panels of the extent. */
  #rows(place: Place, piece: Piece, tile: Int, rows: number, { fromPanel, toPanel }: Extent): void {
    const { f, bindings, number, own } = place;
    const { block, pass, packed, results } = piece;
    const { plan } = this;
    const { a, b, m, n, panel, depth, cRow, passes } = plan;
    const { size } = plan.arithmetic;
    const row = f.add(f.scale(tile, rows), rows > plan.shorter ? 0 : plan.taller);
    const length = this.#length(f, pass);
    const start = f.scale(pass, depth);
    const firstColumn = f.scale(block, plan.panels * panel);

    let rowsOfA = f.add(f.add(place.a, f.scale(row, a.row)), f.scale(start, a.column));
    if (plan.packsA) {
      const packedA = f.add(own, plan.ownA);
      f.call(this.#packer(rows, rows, a.row, a.column), rowsOfA, packedA, length);
      rowsOfA = packedA;
    }
    // Where the results of the block's first column go.
    let target: Int;
    if (plan.plain) {
      const output = f.load(op.load, bindings, this.#kernel.inputs.length * 4);
      const matrix = f.add(output, f.scale(number, m * n * size));
      target = f.add(f.add(matrix, f.scale(row, cRow)), f.scale(firstColumn, size));
    } else target = passes > 1 ? f.add(results, f.scale(row, cRow)) : own;

    this.#overPanels(f, block, fromPanel, toPanel, (number, count) => {
      const column = f.scale(number, panel);
      const direct = (): Int =>
        f.add(f.add(place.b, f.scale(f.add(firstColumn, column), b.column)), f.scale(start, b.row));
      const panelOfB = plan.packsB ? f.add(packed, f.scale(number, panel * size * depth)) : direct();
      const operands = [rowsOfA, panelOfB, f.add(target, f.scale(column, size))];
      f.call(this.#tile(rows, count), ...operands, ...(plan.isInner ? [] : [length, pass]));
    });
    if (this.#epilogue === null) return;
    const finish = (): void => {
      const from = f.scale(fromPanel, panel);
      const fromColumn = f.add(firstColumn, from);
      const toColumn = f.min(f.add(firstColumn, f.scale(toPanel, panel)), n);
      const block = [f.add(target, f.scale(from, size)), row, f.add(row, rows), fromColumn, toColumn];
      f.call(this.#epilogue!, bindings, ...block, ...place.batch);
    };
    if (passes === 1) return finish();
    f.push(pass, passes - 1);
    f.raw(op.eq);
    f.when(finish);
  }

  /** The place of matrix `number` in the batch. */
  place({ f, buffers, thread }: Entry, number: Int): Place {
    const { shape } = this.#kernel;
    const batch: Int[] = [];
    let rest = number;
    for (let axis = shape.length - 3; axis >= 0; axis--) {
      if (typeof rest === "number" || axis === 0) batch.unshift(rest);
      else {
        batch.unshift(f.i(op.remU, rest, shape[axis]!));
        rest = f.i(op.divU, rest, shape[axis]!);
      }
    }
    const addressOf = ({ input, offset, batch: strides }: Matrix): Int =>
      batch.reduce(
        (sum: Int, index, axis) => f.add(sum, f.scale(index, strides[axis]!)),
        f.add(buffers[input]!, offset),
      );
    const each = f.load(op.load, 0, control.privateSize);
    const own = f.i(op.add, f.load(op.load, 0, control.privateScratch), f.i(op.mul, thread, each));
    const { a, b } = this.plan;
    return { f, bindings: f.param(0), a: addressOf(a), b: addressOf(b), batch, number, own };
  }
}
