import type { DotKernel } from "@chainrule/core";
import { control } from "./control.ts";
import { emitEpilogue, isPlain } from "./dot-epilogue.ts";
import { emitPack } from "./dot-pack.ts";
import { type Arithmetic, arithmeticOf, emitInnerTile, emitTile } from "./dot-tile.ts";
import { type Entry, inShares, type Program } from "./program.ts";
import { Func, type Int, type Local } from "./wasm/function.ts";
import * as op from "./wasm/opcodes.ts";
import { i32 } from "./wasm/types.ts";

/** Rows of the tile that fills the registers. */
const tileRows = 6;

/** Steps of k in one pass: a tile's rows of A then stay in the first-level cache. */
const maxDepth = 1024;

/** Bytes of B, packed or not, that a block of columns may have: they stay in the second-level cache. */
const blockBytes = 2 ** 19;

/** Bytes of results that wait for their epilogue in the first-level cache. */
const rowBlockBytes = 2 ** 14;

/** Where both operands adjoin along k, so few rows of A are multiplied without packing B. */
const maxInnerRows = 8;

/** So shallow a product reads B where it lies: packing would cost as much as multiplying. */
const maxDirectDepth = 64;

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

/** One operand by rows, its strides in bytes. */
interface Matrix {
  readonly input: number;
  readonly offset: number;
  readonly batch: readonly number[];
  readonly row: number;
  readonly column: number;
}

/** A product as it is computed: perhaps with its operands changed about, so that results adjoin along its columns. */
interface Product {
  readonly a: Matrix;
  readonly b: Matrix;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly swapped: boolean;
}

function productOf({ a, b, m, n, k }: DotKernel, size: number): Product {
  const bytes = ({ input, offset, batch, row, column }: DotKernel["a"]): Matrix => ({
    input,
    offset: offset * size,
    batch: batch.map((stride) => stride * size),
    row: row * size,
    column: column * size,
  });
  const turned = (matrix: Matrix): Matrix => ({ ...matrix, row: matrix.column, column: matrix.row });
  const [left, right] = [bytes(a), bytes(b)];
  return n === 1 && m > 1
    ? { a: turned(right), b: turned(left), m: n, n: m, k, swapped: true }
    : { a: left, b: right, m, n, k, swapped: false };
}

/** What the blocks of one matrix are computed from: everything that a function of the module is told. */
interface Place {
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

/** Ranges of tiles of rows and of panels of columns. */
interface Block {
  readonly fromTile: Int;
  readonly toTile: Int;
  readonly fromPanel: Int;
  readonly toPanel: Int;
}

/** Emits the functions of a product and the loops that call them. */
class DotEmitter {
  readonly #program: Program;
  readonly #kernel: DotKernel;
  readonly #product: Product;
  readonly #arithmetic: Arithmetic;
  /** Columns of a panel, which a tile computes at once; whole fours, since epilogues go by fours. */
  readonly #panel: number;
  readonly #isInner: boolean;
  readonly #packsB: boolean;
  readonly #packsA: boolean;
  readonly #passes: number;
  readonly #depth: number;
  readonly #plain: boolean;
  /** Columns of a block, a multiple of the panel. */
  readonly #columns: number;
  /** Tiles of rows: the first `#taller` of them have one row more than the others. */
  readonly #tiles: number;
  readonly #shorter: number;
  readonly #taller: number;
  readonly #cRow: number;
  readonly #epilogue: Func | null;
  readonly #functions = new Map<string, Func>();

  constructor(program: Program, kernel: DotKernel) {
    this.#program = program;
    this.#kernel = kernel;
    this.#arithmetic = arithmeticOf(kernel.dtype, program.instructions === "relaxed");
    const { size, lanes } = this.#arithmetic;
    const product = (this.#product = productOf(kernel, size));
    const { a, b, m, n, k } = product;
    this.#plain = isPlain(kernel);
    this.#isInner =
      a.column === size && b.row === size && m <= maxInnerRows && k >= lanes && a.row >= 0 && b.column >= 0;
    const vectors = this.#isInner ? 0 : m === 1 ? 8 : m === 2 ? 4 : m === 3 && lanes === 4 ? 3 : 2;
    this.#panel = this.#isInner ? (m === 1 ? 8 : 4) : vectors * lanes;
    const perTile = this.#isInner ? Math.min(m, 2) : tileRows;
    this.#tiles = Math.ceil(m / perTile);
    this.#shorter = Math.floor(m / this.#tiles);
    this.#taller = m % this.#tiles;
    this.#packsB = !this.#isInner && (b.column !== size || (k > maxDirectDepth && m > tileRows));
    this.#packsA = !this.#isInner && (a.row < 0 || (a.column !== size && k > maxDirectDepth));
    this.#passes = this.#isInner ? 1 : Math.max(1, Math.ceil(k / (this.#packsA ? 512 : maxDepth)));
    this.#depth = roundUp(Math.ceil(k / this.#passes), this.#passes > 1 ? 4 : 1);
    const room = Math.max(1, Math.floor(blockBytes / (this.#depth * size * this.#panel)));
    const rowRoom =
      this.#plain || this.#passes > 1
        ? Infinity
        : Math.floor(rowBlockBytes / (tileRows * size * this.#panel));
    const panels = Math.ceil(n / this.#panel);
    this.#columns = Math.min(panels, Math.max(1, Math.min(room, rowRoom))) * this.#panel;
    this.#cRow = this.#plain ? n * size : this.#columns * size;
    this.#epilogue = this.#plain ? null : emitEpilogue(program, kernel, this.#cRow, product.swapped);
  }

  #function(name: string, make: () => Func): Func {
    let known = this.#functions.get(name);
    if (known === undefined) this.#functions.set(name, (known = make()));
    return known;
  }

  get #target() {
    return this.#program.target(new Func([]));
  }

  #tile(rows: number, columns: number): Func {
    return this.#function(`tile ${rows} ${columns}`, () => {
      const { a, b, k } = this.#product;
      const { size } = this.#arithmetic;
      const cRow = this.#cRow;
      if (this.#isInner) {
        return emitInnerTile(this.#target, this.#arithmetic, rows, columns, k, {
          aRow: a.row,
          bColumn: b.column,
          cRow,
        });
      }
      const strides = {
        aRow: this.#packsA ? size : a.row,
        aStep: this.#packsA ? rows * size : a.column,
        bStep: this.#packsB ? this.#panel * size : b.row,
        cRow,
      };
      return emitTile(this.#target, this.#arithmetic, rows, columns, strides, this.#passes > 1);
    });
  }

  /** Bytes of scratch for packed B. */
  get packedBytes(): number {
    return this.#packsB ? this.#depth * this.#columns * this.#arithmetic.size + 64 : 0;
  }

  /** Bytes of results of one block that wait for later passes. */
  get #resultBytes(): number {
    return this.#plain || this.#passes === 1 ? 0 : this.#product.m * this.#cRow + 64;
  }

  get sharedBytes(): number {
    return this.packedBytes + this.#resultBytes;
  }

  /** Bytes of scratch for one thread's rows: packed A, and results that go to the epilogue at once. */
  get ownBytes(): number {
    const rows = this.#plain || this.#passes > 1 ? 0 : tileRows * this.#cRow + 64;
    return rows + (this.#packsA ? tileRows * this.#depth * this.#arithmetic.size + 64 : 0);
  }

  get blocks(): number {
    return Math.ceil(this.#product.n / this.#columns);
  }

  get passes(): number {
    return this.#passes;
  }

  get packs(): boolean {
    return this.#packsB;
  }

  get tiles(): number {
    return this.#tiles;
  }

  /** Panels in a block, at most. */
  get panels(): number {
    return this.#columns / this.#panel;
  }

  /** Panels of block `block`. */
  panelsOf(f: Func, block: Int): Int {
    const all = Math.ceil(this.#product.n / this.#panel);
    if (this.blocks === 1) return all;
    return f.min(f.sub(all, f.scale(block, this.panels)), this.panels);
  }

  /** Steps of k in a pass. */
  #length(f: Func, pass: Int): Int {
    return this.#passes === 1
      ? this.#product.k
      : f.min(f.sub(this.#product.k, f.scale(pass, this.#depth)), this.#depth);
  }

  /** Packs panels of block `block`, for one pass, to `to`. */
  pack({ f, b }: Place, block: Int, pass: Int, from: Int, end: Int, to: Int): void {
    const { size } = this.#arithmetic;
    const { n, b: matrix } = this.#product;
    const panel = this.#panel;
    const { dtype } = this.#kernel;
    const packer = (count: number): Func =>
      this.#function(`pack ${count}`, () =>
        emitPack(this.#target, dtype, this.#arithmetic, count, panel, matrix.column, matrix.row),
      );
    const length = this.#length(f, pass);
    const origin = f.add(b, f.scale(f.scale(pass, this.#depth), matrix.row));
    const one = (number: Int, count: number): void => {
      const column = f.scale(f.add(f.scale(block, this.panels), number), panel);
      const at = f.add(to, f.scale(f.scale(number, panel * size), this.#depth));
      f.call(packer(count), f.add(origin, f.scale(column, matrix.column)), at, length);
    };
    this.#overPanels(f, block, from, end, one, n);
  }

  /** `visit` for each panel, with the number of columns that it has. */
  #overPanels(
    f: Func,
    block: Int,
    from: Int,
    end: Int,
    visit: (number: Int, count: number) => void,
    n: number,
  ): void {
    const panel = this.#panel;
    const rest = n % panel;
    const whole = rest === 0 ? end : f.min(end, f.sub(Math.floor(n / panel), f.scale(block, this.panels)));
    f.loop(from, whole, 1, (number) => visit(number, panel));
    if (rest === 0) return;
    f.push(whole, end);
    f.raw(op.ltS);
    f.when(() => f.scope(() => visit(whole, rest)));
  }

  /** Computes a block: its tiles for one pass, and after the last pass the outputs. */
  compute(place: Place, block: Int, pass: Int, range: Block, packed: Int, results: Int): void {
    const { f } = place;
    const some = (from: Int, to: Int, rows: number): void => {
      f.loop(from, to, 1, (tile) => this.#rows(place, block, pass, tile, rows, range, packed, results));
    };
    if (this.#taller === 0) return some(range.fromTile, range.toTile, this.#shorter);
    some(range.fromTile, f.min(range.toTile, this.#taller), this.#shorter + 1);
    const from = f.local(i32);
    f.set(from, range.fromTile);
    f.push(from, this.#taller);
    f.raw(op.ltS);
    f.when(() => f.set(from, this.#taller));
    some(from, range.toTile, this.#shorter);
  }

  #rows(
    { f, a, b, bindings, batch, number, own }: Place,
    block: Int,
    pass: Int,
    tile: Int,
    rows: number,
    { fromPanel, toPanel }: Block,
    packed: Int,
    results: Int,
  ): void {
    const { size } = this.#arithmetic;
    const product = this.#product;
    const { m, n } = product;
    const isTaller = rows > this.#shorter;
    const row = f.add(f.scale(tile, rows), isTaller ? 0 : this.#taller);
    const length = this.#length(f, pass);
    const start = f.scale(pass, this.#depth);
    const firstColumn = f.scale(block, this.#columns);
    let rowsOfA = f.add(f.add(a, f.scale(row, product.a.row)), f.scale(start, product.a.column));
    if (this.#packsA) {
      const ownA = f.add(own, this.ownBytes - (tileRows * this.#depth * size + 64));
      const packer = this.#function(`packA ${rows}`, () =>
        emitPack(
          this.#target,
          this.#kernel.dtype,
          this.#arithmetic,
          rows,
          rows,
          product.a.row,
          product.a.column,
        ),
      );
      f.call(packer, rowsOfA, ownA, length);
      rowsOfA = ownA;
    }
    // Where the results of the block's first column go.
    let target: Int;
    if (this.#plain) {
      const output = f.load(op.load, bindings, this.#kernel.inputs.length * 4);
      const matrix = f.add(output, f.scale(number, m * n * size));
      target = f.add(f.add(matrix, f.scale(row, this.#cRow)), f.scale(firstColumn, size));
    } else target = this.#passes > 1 ? f.add(results, f.scale(row, this.#cRow)) : own;
    this.#overPanels(
      f,
      block,
      fromPanel,
      toPanel,
      (panel, count) => {
        const column = f.scale(panel, this.#panel);
        const panelOfB = this.#packsB
          ? f.add(packed, f.scale(f.scale(panel, this.#panel * size), this.#depth))
          : f.add(
              f.add(b, f.scale(f.add(firstColumn, column), product.b.column)),
              f.scale(start, product.b.row),
            );
        const at = f.add(target, f.scale(column, size));
        if (this.#isInner) f.call(this.#tile(rows, count), rowsOfA, panelOfB, at);
        else f.call(this.#tile(rows, count), rowsOfA, panelOfB, at, length, pass);
      },
      n,
    );
    if (this.#epilogue === null) return;
    const finish = (): void => {
      const fromColumn = f.add(firstColumn, f.scale(fromPanel, this.#panel));
      const toColumn = f.min(f.add(firstColumn, f.scale(toPanel, this.#panel)), n);
      const from = f.add(target, f.scale(f.scale(fromPanel, this.#panel), size));
      f.call(this.#epilogue!, bindings, from, row, f.add(row, rows), fromColumn, toColumn, ...batch);
    };
    if (this.#passes === 1) return finish();
    f.push(pass, this.#passes - 1);
    f.raw(op.eq);
    f.when(finish);
  }

  /** The place of matrix `number` in the batch. */
  place({ f, buffers, thread }: Entry, number: Int): Place {
    const { shape } = this.#kernel;
    const { a, b } = this.#product;
    const batch: Int[] = [];
    let rest = number;
    for (let axis = shape.length - 3; axis >= 0; axis--) {
      if (typeof rest === "number" || axis === 0) batch.unshift(rest);
      else {
        batch.unshift(f.i(op.remU, rest, shape[axis]!));
        rest = f.i(op.divU, rest, shape[axis]!);
      }
    }
    const origin = ({ input, offset, batch: strides }: Matrix): Int =>
      batch.reduce(
        (sum: Int, index, axis) => f.add(sum, f.scale(index, strides[axis]!)),
        f.add(buffers[input]!, offset),
      );
    const size = f.load(op.load, 0, control.privateSize);
    const own = f.i(op.add, f.load(op.load, 0, control.privateScratch), f.i(op.mul, thread, size));
    return { f, bindings: f.param(0), a: origin(a), b: origin(b), batch, number, own };
  }
}

/** Multiplies strided matrices block by block and hands each block to the epilogue while it is in the cache. */
export function emitDot(program: Program, kernel: DotKernel): void {
  const dot = new DotEmitter(program, kernel);
  const { m, n, k, shape } = kernel;
  const batches = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  const shared = program.isWorthSharing(batches * m * n * k);
  if (shared && batches < 4 && (dot.tiles > 1 || dot.panels > 1)) emitShared(program, dot, batches);
  else emitSeparate(program, dot, batches, shared && batches > 1);
}

/** Each thread multiplies whole matrices. */
function emitSeparate(program: Program, dot: DotEmitter, batches: number, parallel: boolean): void {
  // Results that wait for later passes come first, then packed B, then the rows that tiles work on.
  program.privateBytes = dot.sharedBytes + dot.ownBytes;
  program.single(parallel, (entry) => {
    const { f } = entry;
    const one = (number: Int): void => {
      const place = dot.place(entry, number);
      const results = place.own;
      const packed = f.add(results, dot.sharedBytes - dot.packedBytes);
      const working = { ...place, own: f.add(results, dot.sharedBytes) };
      const inBlock = (block: Int): void => {
        const panels = dot.panelsOf(f, block);
        const inPass = (pass: Int): void => {
          if (dot.packs) dot.pack(working, block, pass, 0, panels, packed);
          const range = { fromTile: 0, toTile: dot.tiles, fromPanel: 0, toPanel: panels };
          dot.compute(working, block, pass, range, packed, results);
        };
        if (dot.passes === 1) inPass(0);
        else f.loop(0, dot.passes, 1, inPass);
      };
      if (dot.blocks === 1) inBlock(0);
      else f.loop(0, dot.blocks, 1, inBlock);
    };
    if (batches === 1) one(0);
    else inShares(entry, batches, 1, parallel, ({ low, high }) => f.loop(low, high, 1, one));
  });
}

/** Threads divide each block of each matrix, B being packed for all of them. */
function emitShared(program: Program, dot: DotEmitter, batches: number): void {
  program.sharedBytes = dot.sharedBytes;
  program.privateBytes = dot.ownBytes;
  const { blocks, passes } = dot;
  const entry = (body: (entry: Entry, place: Place, block: Int, pass: Int) => void): Func =>
    program.entry((entry) => {
      const { f, parameter } = entry;
      // The parameter is (number · blocks + block) · passes + pass.
      const digit = (x: Int, base: number): [Int, Int] =>
        base === 1 ? [0, x] : [f.i(op.remU, x, base), f.i(op.divU, x, base)];
      const [pass, upper] = digit(parameter, passes);
      const [block, number] = digit(upper, blocks);
      body(entry, dot.place(entry, batches === 1 ? 0 : number), block, pass);
    });
  const packed = (f: Func): Int => f.load(op.load, 0, control.sharedScratch);
  const pack = dot.packs
    ? entry((entry, place, block, pass) => {
        const { f } = entry;
        const panels = dot.panelsOf(f, block);
        inShares(entry, dot.panels, 1, true, ({ low, high }) =>
          dot.pack(place, block, pass, low, f.min(high, panels), packed(f)),
        );
      })
    : null;
  const compute = entry((entry, place, block, pass) => {
    const { f } = entry;
    const panels = dot.panelsOf(f, block);
    const results = f.add(packed(f), dot.packedBytes);
    const byRows = dot.tiles >= 4 || dot.tiles >= dot.panels;
    inShares(entry, byRows ? dot.tiles : dot.panels, 1, true, ({ low, high }) => {
      const range = byRows
        ? { fromTile: low, toTile: high, fromPanel: 0, toPanel: panels }
        : { fromTile: 0, toTile: dot.tiles, fromPanel: f.min(low, panels), toPanel: f.min(high, panels) };
      dot.compute(place, block, pass, range, packed(f), results);
    });
  });
  const parallel = !program.module.hasHostFunctions;
  for (let parameter = 0; parameter < batches * blocks * passes; parameter++) {
    if (pack) program.phases.push({ func: pack, parameter, parallel });
    program.phases.push({ func: compute, parameter, parallel });
  }
}
