import { BackendError, sizeClass } from "@chainrule/core";
import { overread } from "./lanes.ts";
import { maxPages } from "./wasm/module.ts";

const pageBytes = 65536;

/** The size of a block for so many bytes. */
export const classOf = (bytes: number): number => sizeClass(bytes, 64);

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Blocks of one growable memory: freed ones are reused by size class, split when they are larger, joined when none fits. */
export class Heap {
  readonly memory: WebAssembly.Memory;
  /** Where blocks have never been given out yet. */
  #top: number;
  readonly #free = new Map<number, number[]>();
  readonly #maxBytes: number;
  #liveBytes = 0;
  #liveBlocks = 0;

  /** `first` is where the heap begins; `maxBytes` at most 4 GiB. */
  constructor(memory: WebAssembly.Memory, first: number, maxBytes: number = maxPages * pageBytes) {
    this.memory = memory;
    this.#top = first;
    this.#maxBytes = maxBytes;
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** The address of a block of at least `bytes`, on a multiple of 64. Throws BackendError when memory runs out. */
  take(bytes: number): number {
    const size = classOf(bytes);
    const address =
      this.#free.get(size)?.pop() ?? this.#fresh(size) ?? this.#split(size) ?? this.#joined(size);
    if (address === null) {
      throw new BackendError(
        `wasm: out of memory: ${bytes} bytes for one buffer do not fit beside the ${this.#liveBlocks} buffers ` +
          `(${megabytes(this.#liveBytes)}) that are live; the memory holds ${megabytes(this.memory.buffer.byteLength)} ` +
          `and may grow to ${megabytes(this.#maxBytes)}`,
      );
    }
    this.#liveBytes += size;
    this.#liveBlocks++;
    return address;
  }

  /** Takes back a block for which `take` was asked for `bytes`. */
  give(address: number, bytes: number): void {
    const size = classOf(bytes);
    this.#liveBytes -= size;
    this.#liveBlocks--;
    this.#keep(address, size);
  }

  #keep(address: number, size: number): void {
    const blocks = this.#free.get(size);
    if (blocks) blocks.push(address);
    else this.#free.set(size, [address]);
  }

  /** From beyond what was ever used, with room for loads that read past the end. */
  #fresh(size: number): number | null {
    const end = this.#top + size;
    const needed = end + overread;
    const present = this.memory.buffer.byteLength;
    if (needed > present) {
      if (needed > this.#maxBytes) return null;
      // Growing is dear where memory is not shared, since views are made anew: a quarter more each time.
      const wanted = Math.min(this.#maxBytes, Math.max(needed, present * 1.25));
      if (!this.#grow(wanted - present) && !this.#grow(needed - present)) return null;
    }
    const address = this.#top;
    this.#top = end;
    return address;
  }

  #grow(bytes: number): boolean {
    try {
      this.memory.grow(Math.ceil(bytes / pageBytes));
      return true;
    } catch {
      return false;
    }
  }

  /** The smallest larger block, whose rest stays free. */
  #split(size: number): number | null {
    const larger = [...this.#free].filter(([other, blocks]) => other > size && blocks.length > 0);
    if (larger.length === 0) return null;
    const [whole, blocks] = larger.reduce((best, other) => (other[0] < best[0] ? other : best));
    const address = blocks.pop()!;
    this.#fill(address + size, whole - size);
    return address;
  }

  /** Gives a stretch of memory to the free lists in the largest classes that fit. */
  #fill(address: number, bytes: number): void {
    let [at, rest] = [address, bytes];
    while (rest >= 64) {
      let size = 2 ** Math.floor(Math.log2(rest));
      for (let next = classOf(size + 1); next <= rest; next = classOf(size + 1)) size = next;
      this.#keep(at, size);
      at += size;
      rest -= size;
    }
  }

  /** Joins all free neighbours and tries again. */
  #joined(size: number): number | null {
    const blocks = [...this.#free].flatMap(([bytes, addresses]) =>
      addresses.map((address) => ({ address, bytes })),
    );
    blocks.sort((a, b) => a.address - b.address);
    this.#free.clear();
    const stretches: { address: number; bytes: number }[] = [];
    for (const block of blocks) {
      const last = stretches.at(-1);
      if (last && last.address + last.bytes === block.address) last.bytes += block.bytes;
      else stretches.push({ ...block });
    }
    const last = stretches.at(-1);
    if (last && last.address + last.bytes === this.#top) {
      this.#top = last.address;
      stretches.pop();
    }
    const fit = stretches.filter(({ bytes }) => bytes >= size).sort((a, b) => a.bytes - b.bytes)[0];
    for (const { address, bytes } of stretches) {
      if (address === fit?.address) this.#fill(address + size, bytes - size);
      else this.#fill(address, bytes);
    }
    return fit?.address ?? this.#fresh(size);
  }
}
