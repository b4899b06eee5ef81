import type { DotKernel } from "@chainrule/core";
import * as control from "./control.ts";
import { emitEpilogue } from "./dot-epilogue.ts";
import { digits, type Matrix, placeOf } from "./dot-matrix.ts";
import { emitPack } from "./dot-pack.ts";
import { type DotPlan, planDot } from "./dot-plan.ts";
import { emitInnerTile, emitTile } from "./dot-tile.ts";
import type { Entry, Program } from "./program.ts";
import type { Func, Int, Local } from "./wasm/function.ts";
import type { ModuleWriter } from "./wasm/module.ts";
import * as op from "./wasm/opcodes.ts";

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

type Range = readonly [from: Int, to: Int];

/** Work on a piece that threads can share: so many parts, of which each call does a range. */
export interface Stage {
  readonly size: number;
  readonly run: (place: Place, piece: Piece, low: Int, high: Int) => void;
}

/** Emits the functions of a product and the loops that call them. */
export class DotEmitter {
  readonly plan: DotPlan;
  /** Packs B; null where it is read where it lies. */
  readonly pack: Stage | null;
  /** Computes tiles, and their outputs where nothing has to wait. */
  readonly compute: Stage;
  /** Computes the outputs of what has waited. */
  readonly finish: Stage;
  readonly #program: Program;
  readonly #kernel: DotKernel;
  readonly #epilogue: Func | null;
  readonly #functions = new Map<string, Func>();

  constructor(program: Program, kernel: DotKernel) {
    this.#program = program;
    this.#kernel = kernel;
    this.plan = planDot(kernel, program.instructions === "relaxed");
    const { plain, cLine, packsB, tiles, strip, panels, m } = this.plan;
    this.#epilogue = plain ? null : emitEpilogue(program, kernel, cLine);
    const strips = Math.ceil(tiles / strip);
    const byPanels = (run: (place: Place, piece: Piece, range: Range) => void): Stage => ({
      size: panels,
      run: (place, piece, low, high) => {
        const { f } = place;
        const present = this.#panelsOf(f, piece);
        // Behind the panels of the last block there is nothing: what ends with its last column would be done again.
        f.push(low, present);
        f.raw(op.ltS);
        f.when(() => f.scope(() => run(place, piece, [low, f.min(high, present)])));
      },
    });
    this.pack = packsB ? byPanels((place, piece, range) => this.#pack(place, piece, range)) : null;
    this.finish = byPanels((place, piece, range) => this.#finish(place, piece, [0, m], range));
    this.compute =
      strips >= 4 || strips >= panels
        ? {
            size: strips,
            run: (place, piece, ...range) =>
              this.#compute(place, piece, range, [0, this.#panelsOf(place.f, piece)]),
          }
        : byPanels((place, piece, range) => this.#compute(place, piece, [0, strips], range));
  }

  /** A function of the module, emitted when it is first called for. */
  #function(name: string, emit: (module: ModuleWriter) => Func): Func {
    let known = this.#functions.get(name);
    if (known === undefined) this.#functions.set(name, (known = emit(this.#program.module)));
    return known;
  }

  #tile(rows: number, columns: number): Func {
    const { plan } = this;
    const { a, packsA, isInner, size, k } = plan;
    const packed = {
      lines: { sizes: [rows], strides: [size] },
      steps: { sizes: [k], strides: [rows * size] },
    };
    return this.#function(`tile ${rows} ${columns}`, (module) =>
      (isInner ? emitInnerTile : emitTile)(module, plan, rows, columns, packsA ? packed : a),
    );
  }

  #packer(name: string, matrix: Matrix, count: number, width: number): Func {
    return this.#function(`${name} ${count}`, (module) => emitPack(module, this.plan, count, width, matrix));
  }

  /** Panels of a block. */
  #panelsOf(f: Func, { block }: Piece): Int {
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
  #pack({ f, b: address }: Place, { block, pass, packed }: Piece, range: Range): void {
    const { b, n, panel, panels, depth, size } = this.plan;
    const runs = this.#runsOf(f, pass);
    const before = f.scale(block, panels);
    overPieces(f, range, before, n, panel, (number, count) => {
      const column = f.scale(f.add(before, number), panel);
      const target = f.add(packed, f.scale(number, panel * size * depth));
      f.call(this.#packer("b", b, count, panel), address, target, column, ...runs);
    });
  }

  /** Computes strips of a block for one pass, and their outputs where they need not wait. */
  #compute(place: Place, piece: Piece, [from, to]: Range, range: Range): void {
    const { f } = place;
    const { plan } = this;
    const { tiles, height, strip, waits, plain, m } = plan;
    f.loop(from, to, 1, (number) => {
      const first = f.scale(number, strip);
      const end = f.add(first, strip);
      const origin = waits || plain ? 0 : f.scale(first, height);
      const within: Range = [first, strip === 1 ? end : f.min(end, tiles)];
      overPieces(f, within, 0, m, height, (tile, rows) => {
        this.#rows(place, piece, f.scale(tile, height), rows, origin, range);
      });
      if (!waits) this.#finish(place, piece, [origin, f.min(f.scale(end, height), m)], range);
    });
  }

  /** One tile of rows, over a range of panels; the results of row `origin` are the first that are kept. */
  #rows(place: Place, piece: Piece, row: Int, rows: number, origin: Int, range: Range): void {
    const { f, own } = place;
    const { block, pass, packed } = piece;
    const { a, b, n, panel, panels, depth, cLine, partPasses, parts, turned, packsA, packsB, ownA, size } =
      this.plan;
    const [first, count] = this.#runsOf(f, pass);
    let lines: readonly [matrix: Int, row: Int, step: Int] = [place.a, row, first];
    if (packsA) {
      const packedA = f.add(own, ownA);
      f.call(this.#packer("a", a, rows, rows), place.a, packedA, row, first, count);
      lines = [packedA, 0, 0];
    }
    const earlier = parts > 1 ? f.i(op.remU, pass, partPasses) : pass;
    const before = f.scale(block, panels);
    const target = f.add(this.#results(place, piece), f.scale(f.sub(row, origin), turned ? size : cLine));
    overPieces(f, range, before, n, panel, (number, columns) => {
      const column = f.scale(f.add(before, number), panel);
      const panelOfB = packsB
        ? f.add(packed, f.scale(number, panel * size * depth))
        : placeOf(f, [column, first], [b.lines.strides[0]!, b.steps.strides[0]!], place.b);
      const to = f.add(target, f.scale(number, panel * (turned ? cLine : size)));
      f.call(this.#tile(rows, columns), lines[0], panelOfB, to, lines[1], lines[2], count, earlier);
    });
  }

  /** Where the results of a block begin, or of a strip where they need not wait longer. */
  #results({ f, bindings, number, own }: Place, { block, results }: Piece): Int {
    const { plain, waits, m, n, panel, panels, size, turned, cLine } = this.plan;
    if (!plain) return waits ? results : own;
    const output = f.load(op.load, bindings, this.#kernel.inputs.length * 4);
    const lines = panels * panel * (turned ? cLine : size);
    return placeOf(f, [number, block], [m * n * size, lines], output);
  }

  /** Computes the outputs of a range of rows and of panels from their results. */
  #finish(place: Place, piece: Piece, [row, toRow]: Range, [from, to]: Range): void {
    if (this.#epilogue === null) return;
    const { f } = place;
    const { n, panel, panels, waits, turned, cLine, size } = this.plan;
    const before = f.scale(piece.block, panels);
    const column = f.scale(f.add(before, from), panel);
    const toColumn = f.min(f.scale(f.add(before, to), panel), n);
    const [byRow, byPanel] = turned ? [size, cLine * panel] : [cLine, size * panel];
    const first = placeOf(f, [waits ? row : 0, from], [byRow, byPanel], this.#results(place, piece));
    const ranges = turned ? [column, toColumn, row, toRow] : [row, toRow, column, toColumn];
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
    return { f, bindings: f.args[0]!, a: addressOf(a), b: addressOf(b), batch, number, own };
  }
}

/** `visit` for each piece of a range with any, `before` the first of which there are others; the last has the rest. */
function overPieces(
  f: Func,
  [from, to]: Range,
  before: Int,
  total: number,
  size: number,
  visit: (number: Int, count: number) => void,
): void {
  const rest = total % size;
  const whole = rest === 0 ? to : f.min(to, f.sub(Math.floor(total / size), before));
  f.loop(from, whole, 1, (number) => visit(number, size));
  if (rest === 0) return;
  f.push(whole, to);
  f.raw(op.ltS);
  f.when(() => f.scope(() => visit(whole, rest)));
}
