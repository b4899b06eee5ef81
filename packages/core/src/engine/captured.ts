import type { Device } from "../backend/device.ts";
import type { Step } from "../backend/contract.ts";
import type { Node } from "../graph/node.ts";
import { linearize } from "./linearize.ts";
import { buildPlan, type Plan, type Slot } from "./plan.ts";
import { bufferOf } from "./realize.ts";
import { Storage } from "./storage.ts";
import type { Cell, HostInput, Trace } from "./trace.ts";

interface MutableStep extends Step<unknown, unknown> {
  readonly buffers: unknown[];
}

/** A function turned into a plan whose buffers are bound: a replay moves no graph and allocates only its results. */
export class Captured {
  readonly plan: Plan;
  readonly #device: Device;
  /** Leaves that may be elsewhere at each replay, by place. */
  readonly #arguments: readonly { readonly place: number; readonly position: number }[];
  readonly #cells: readonly { readonly place: number; readonly cell: Cell }[];
  readonly #hostInputs: readonly HostInput[];
  readonly #updated: readonly Cell[];
  readonly #steps: readonly MutableStep[];
  /** For each place of the plan's table, the steps bound to it and where. */
  readonly #bindings: { readonly step: MutableStep; readonly at: number }[][];
  readonly #bound: unknown[];
  /** Intermediates and captured constants, alive as long as this object. */
  readonly kept: readonly Storage[];
  /** The results' storages where each replay overwrites them. */
  readonly #results: readonly Storage[] | null;
  readonly #resultCount: number;

  /** `results` are what the function returned, computed from `placeholders` and what `trace` saw. */
  constructor(trace: Trace, placeholders: readonly Node[], results: readonly Node[], reuseOutputs: boolean) {
    const { device } = trace;
    const assigned = [...trace.assigned];
    const graph = linearize([...results, ...assigned.map(([, node]) => node)]);
    const leafOf = new Map([...trace.cells].map(([leaf, cell]) => [cell, leaf]));
    const updates = graph.roots.map((_, i) => {
      const cell = assigned[i - results.length]?.[0];
      return cell === undefined ? -1 : graph.leaves.indexOf(leafOf.get(cell)!);
    });
    this.plan = buildPlan(device, graph, updates);
    this.#device = device;
    this.#updated = assigned.map(([cell]) => cell);
    this.#resultCount = results.length;
    // Also inputs that no result depends on are refreshed: a generator must advance as it does uncaptured.
    this.#hostInputs = trace.hostInputs;

    const { kernels, leafCount, outputs, slots } = this.plan;
    const places = leafCount + outputs.length + slots.length;
    this.#bindings = Array.from({ length: places }, () => []);
    this.#bound = Array.from({ length: places });
    this.#steps = kernels.map(({ executable, places: at }) => ({
      executable,
      buffers: at.map(() => undefined),
    }));
    kernels.forEach(({ places: at }, k) => {
      at.forEach((place, i) => this.#bindings[place]!.push({ step: this.#steps[k]!, at: i }));
    });

    const claim = ({ dtype, length }: Slot): Storage =>
      Storage.onDevice(device, device.allocate(length, dtype), dtype, length);
    const arena = slots.map(claim);
    arena.forEach((storage, i) => this.#bind(leafCount + outputs.length + i, storage.bufferOn(device)));
    this.#results = reuseOutputs ? outputs.slice(0, results.length).map(claim) : null;
    this.#results?.forEach((storage, i) => this.#bind(leafCount + i, storage.bufferOn(device)));

    const fixed: Storage[] = [];
    const args: { place: number; position: number }[] = [];
    const cells: { place: number; cell: Cell }[] = [];
    graph.leaves.forEach((leaf, place) => {
      const position = placeholders.indexOf(leaf);
      const cell = trace.cells.get(leaf);
      if (position >= 0) args.push({ place, position });
      else if (cell !== undefined) cells.push({ place, cell });
      else {
        fixed.push(leaf.storage!);
        this.#bind(place, bufferOf(leaf, device));
      }
    });
    // A variable that is assigned without having been read has no leaf to overwrite: its output is its storage.
    this.#updated.forEach((cell, i) => {
      const { place } = outputs[results.length + i]!;
      if (place >= leafCount) cells.push({ place, cell });
    });
    this.#arguments = args;
    this.#cells = cells;
    this.kept = [...arena, ...fixed];
  }

  /** Points every step that uses a place at another buffer. */
  #bind(place: number, buffer: unknown): void {
    if (this.#bound[place] === buffer) return;
    this.#bound[place] = buffer;
    for (const { step, at } of this.#bindings[place]!) step.buffers[at] = buffer;
  }

  /**
   * Runs the step on realised arguments and gives the storages of its results: new ones, or with `reuseOutputs` the
   * same ones each time. Nothing is kept where a kernel throws.
   */
  replay(args: readonly Node[]): readonly Storage[] {
    const device = this.#device;
    for (const { place, position } of this.#arguments) this.#bind(place, bufferOf(args[position]!, device));
    for (const { place, cell } of this.#cells) this.#bind(place, cell.storage().bufferOn(device));
    for (const { node, refresh } of this.#hostInputs)
      device.backend.write(node.storage!.bufferOn(device), refresh());
    const results = this.#results ?? this.#claimResults();
    try {
      this.#run();
    } catch (error) {
      if (this.#results === null) for (const storage of results) storage.dispose();
      throw error;
    }
    for (const cell of this.#updated) cell.storage().version++;
    return results;
  }

  #claimResults(): Storage[] {
    const device = this.#device;
    const { leafCount, outputs } = this.plan;
    const results: Storage[] = [];
    try {
      for (let i = 0; i < this.#resultCount; i++) {
        const { dtype, length } = outputs[i]!;
        const storage = Storage.onDevice(device, device.allocate(length, dtype), dtype, length);
        results.push(storage);
        this.#bind(leafCount + i, storage.bufferOn(device));
      }
    } catch (error) {
      for (const storage of results) storage.dispose();
      throw error;
    }
    return results;
  }

  #run(): void {
    const { backend } = this.#device;
    if (backend.runPlan !== undefined) return backend.runPlan(this.#steps);
    for (const { executable, buffers } of this.#steps) backend.run(executable, buffers);
  }
}
