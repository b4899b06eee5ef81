import type { DotKernel } from "@chainrule/core";
import { control } from "./control.ts";
import { emitEpilogue } from "./dot-epilogue.ts";
import { digits, type Matrix, placeOf } from "./dot-matrix.ts";
import { emitPack } from "./dot-pack.ts";
import { type DotPlan, planDot } from "./dot-plan.ts";
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
  /** How many passes over the same results came before. */
  readonly earlier: Int;
  readonly packed: Int;
  readonly results: Int;
}

/** Ranges of strips of rows and of panels of columns. */
export interface Extent {
  readonly fromStrip: Int;
  readonly toStrip: Int;
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
    this.plan = planDot(kernel, program.instructions === "relaxed");
    const { plain, cLine, swapped, turned } = this.plan;
    this.#epilogue = plain ? null : emitEpilogue(program, kernel, cLine, swapped && !turned);
  }

  get strips(): number {
    return Math.ceil(this.plan.tiles / this.plan.strip);
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

  /** A as tiles of so many rows read it. */
  #rowsOf(rows: number): Pick<Matrix, "lines" | "steps"> {
    const { a, packsA, arithmetic, k } = this.plan;
    const { size } = arithmetic;
    if (!packsA) return a;
    return { lines: { sizes: [rows], strides: [size] }, steps: { sizes: [k], strides: [rows * size] } };
  }

  #tile(rows: number, columns: number): Func {
    const { a, b, k, cLine, arithmetic, isInner, packsB, panel, passes, turned } = this.plan;
    return this.#function(`tile ${rows} ${columns}`, (target) => {
      if (isInner) {
        const strides = { aRow: a.lines.strides[0]!, bColumn: b.lines.strides[0]!, cRow: cLine };
        return emitInnerTile(target, arithmetic, rows, columns, k, strides);
      }
      return emitTile(target, arithmetic, rows, columns, {
        a: this.#rowsOf(rows),
        bStep: packsB ? panel * arithmetic.size : b.steps.strides[0]!,
        cLine,
        turned,
        accumulates: passes > 1,
      });
    });
  }

  #packer(name: string, matrix: Matrix, count: number, width: number): Func {
    return this.#function(`${name} ${count}`, (target) =>
      emitPack(target, this.plan.arithmetic, count, width, matrix),
    );
  }

  /** Panels of a block. */
  panelsOf(f: Func, block: Int): Int {
    const { n, panel, panels, blocks } = this.plan;
    const all = Math.ceil(n / panel);
    return blocks === 1 ? all : f.min(f.sub(all, f.scale(block, panels)), panels);
  }

  /** Where in k a pass begins, and how long it is, in runs. */
  #runsOf(f: Func, pass: Int): readonly [first: Int, count: Int] {
    const { k, passes, depth, run } = this.plan;
    const first = f.scale(pass, depth / run);
    return [first, passes === 1 ? k / run : f.min(f.sub(k / run, first), depth / run)];
  }

  /** Packs panels of a block for one pass. */
  pack({ f, b: address }: Place, { block, pass, packed }: Piece, from: Int, to: Int): void {
    const { b, panel, panels, depth, arithmetic } = this.plan;
    const runs = this.#runsOf(f, pass);
    this.#overPanels(f, block, from, to, (number, count) => {
      const column = f.scale(f.add(f.scale(block, panels), number), panel);
      const target = f.add(packed, f.scale(number, panel * arithmetic.size * depth));
      f.call(this.#packer("b", b, count, panel), address, target, column, ...runs);
    });
  }

  /** `visit` for each panel of a block, with the number of columns that it has. */
  #overPanels(f: Func, block: Int, from: Int, to: Int, visit: (number: Int, count: number) => void): void {
    const { n, panel, panels } = this.plan;
    const rest = n % panel;
    const whole = rest === 0 ? to : f.min(to, f.sub(Math.floor(n / panel), f.scale(block, panels)));
    f.loop(from, whole, 1, (number) => visit(number, panel));
    if (rest === 0) return;
    // The last panel is of whoever has it in a range, which may also lie behind it.
    f.push(f.sub(whole, from), f.sub(to, from));
    f.raw(op.ltU);
    f.when(() => f.scope(() => visit(whole, rest)));
  }

  /** The first row of a tile. */
  #rowOf(f: Func, tile: Int): Int {
    const { taller, tiles, tall, short } = this.plan;
    if (taller === tiles) return f.scale(tile, tall);
    const before = f.min(tile, taller);
    return f.add(f.scale(before, tall), f.scale(f.sub(tile, before), short));
  }

  /** Computes strips of a block for one pass, and after the last pass the outputs. */
  compute(place: Place, piece: Piece, extent: Extent): void {
    const { f } = place;
    const { tiles, taller, tall, short, strip, passes, plain, m, turned } = this.plan;
    const { fromStrip, toStrip } = extent;
    const some = (from: Int, to: Int, height: number, origin: Int): void => {
      f.loop(from, to, 1, (tile) => {
        this.#rows(place, piece, this.#rowOf(f, tile), height, origin, extent);
      });
    };
    const overTiles = (first: Int, end: Int, origin: Int): void => {
      if (taller === tiles) return some(first, end, tall, origin);
      some(first, f.min(end, taller), tall, origin);
      const from = f.local(i32);
      f.set(from, first);
      f.push(from, taller);
      f.raw(op.ltS);
      f.when(() => f.set(from, taller));
      some(from, end, short, origin);
    };
    if (!turned) return overTiles(fromStrip, toStrip, 0);
    f.loop(fromStrip, toStrip, 1, (number) => {
      const first = f.scale(number, strip);
      const end = f.min(f.add(first, strip), tiles);
      const row = passes > 1 || plain ? 0 : this.#rowOf(f, first);
      overTiles(first, end, row);
      if (passes === 1) this.finish(place, piece, extent, row, f.min(this.#rowOf(f, end), m));
    });
  }

  /** One tile of rows, over all panels of the extent; what waits for the epilogue begins with row `origin`. */
  #rows(place: Place, piece: Piece, row: Int, rows: number, origin: Int, extent: Extent): void {
    const { f, own } = place;
    const { block, pass, earlier, packed } = piece;
    const { plan } = this;
    const { b, panel, depth, cLine, passes, turned } = plan;
    const { size } = plan.arithmetic;
    const [first, count] = this.#runsOf(f, pass);
    const firstColumn = f.scale(block, plan.panels * panel);

    let lines: readonly [matrix: Int, row: Int, step: Int] = [place.a, row, first];
    if (plan.packsA) {
      const packedA = f.add(own, plan.ownA);
      f.call(this.#packer("a", plan.a, rows, rows), place.a, packedA, row, first, count);
      lines = [packedA, 0, 0];
    }
    const fromOrigin = passes > 1 || plan.plain || turned ? f.sub(row, origin) : 0;
    const target = f.add(this.#results(place, piece), f.scale(fromOrigin, turned ? size : cLine));
    this.#overPanels(f, block, extent.fromPanel, extent.toPanel, (number, columns) => {
      const column = f.scale(number, panel);
      const direct = (): Int => {
        const lined = f.scale(f.add(firstColumn, column), b.lines.strides[0]!);
        return f.add(f.add(place.b, lined), f.scale(first, b.steps.strides[0]!));
      };
      const panelOfB = plan.packsB ? f.add(packed, f.scale(number, panel * size * depth)) : direct();
      const to = f.add(target, f.scale(column, turned ? cLine : size));
      const tile = this.#tile(rows, columns);
      if (plan.isInner) {
        const rowsOfA = f.add(place.a, f.scale(row, plan.a.lines.strides[0]!));
        f.call(tile, rowsOfA, panelOfB, to);
      } else f.call(tile, lines[0], panelOfB, to, lines[1], lines[2], count, earlier);
    });
    if (turned || plan.parts > 1 || this.#epilogue === null) return;
    const finish = (): void => this.finish(place, piece, extent, row, f.add(row, rows));
    if (passes === 1) return finish();
    f.push(pass, passes - 1);
    f.raw(op.eq);
    f.when(finish);
  }

  /** Where the results of a block begin, or of a strip where they need not wait longer. */
  #results({ f, bindings, number, own }: Place, { block, results }: Piece): Int {
    const { plain, passes, m, n, panel, panels, arithmetic, turned, cLine } = this.plan;
    if (!plain) return passes > 1 ? results : own;
    const output = f.load(op.load, bindings, this.#kernel.inputs.length * 4);
    const matrix = f.add(output, f.scale(number, m * n * arithmetic.size));
    return f.add(matrix, f.scale(block, panels * panel * (turned ? cLine : arithmetic.size)));
  }

  /** Computes the outputs of rows from their results, of which the first are those of row `row`. */
  finish(place: Place, piece: Piece, { fromPanel, toPanel }: Extent, row: Int, toRow: Int): void {
    if (this.#epilogue === null) return;
    const { f } = place;
    const { n, panel, panels, passes, turned, cLine, arithmetic } = this.plan;
    const firstColumn = f.scale(piece.block, panels * panel);
    const from = f.scale(fromPanel, panel);
    const fromColumn = f.add(firstColumn, from);
    const toColumn = f.min(f.add(firstColumn, f.scale(toPanel, panel)), n);
    const waited = passes > 1 ? f.scale(row, turned ? arithmetic.size : cLine) : 0;
    const first = f.add(
      this.#results(place, piece),
      f.add(waited, f.scale(from, turned ? cLine : arithmetic.size)),
    );
    const ranges = turned ? [fromColumn, toColumn, row, toRow] : [row, toRow, fromColumn, toColumn];
    f.call(this.#epilogue, place.bindings, first, ...ranges, ...place.batch);
  }

  /** The place of matrix `number` in the batch. */
  place({ f, buffers, thread }: Entry, number: Int): Place {
    const batch = digits(f, number, this.#kernel.shape.slice(0, -2));
    const addressOf = ({ input, offset, batch: strides }: Matrix): Int =>
      placeOf(f, batch, strides, f.add(buffers[input]!, offset));
    const each = f.load(op.load, 0, control.privateSize);
    const own = f.i(op.add, f.load(op.load, 0, control.privateScratch), f.i(op.mul, thread, each));
    const { a, b } = this.plan;
    return { f, bindings: f.param(0), a: addressOf(a), b: addressOf(b), batch, number, own };
  }
}
