import type { Device } from "../backend/device.ts";
import type { PlanStep } from "../backend/contract.ts";
import { defaultBackendName, openDeviceSync } from "../backend/registry.ts";
import { StateError } from "../errors.ts";
import { stopGradient } from "../graph/build.ts";
import type { Node } from "../graph/node.ts";
import { linearize, resolve, type LinearGraph } from "./linearize.ts";
import { pendingOn } from "./pending.ts";
import { buildPlan, type Plan, type Slot } from "./plan.ts";
import { bufferOf, deviceOf, realizeNodesSync } from "./realize.ts";
import { Storage } from "./storage.ts";
import type { Cell, HostInput, Trace } from "./trace.ts";

interface MutableStep extends PlanStep<unknown, unknown> {
  readonly buffers: unknown[];
}

/** A function turned into a plan whose buffers are bound: a replay moves no graph and allocates only its results. */
export class Captured {
  readonly device: Device;
  readonly plan: Plan;
  /** Leaves that may be elsewhere at each replay, by place. */
  readonly #arguments: readonly { readonly place: number; readonly position: number }[];
  readonly #cells: readonly { readonly place: number; readonly cell: Cell }[];
  /** Tensors that the function closed over. */
  readonly #constants: readonly { readonly place: number; readonly leaf: Node }[];
  readonly #hostInputs: readonly HostInput[];
  readonly #updated: readonly Cell[];
  readonly #steps: readonly MutableStep[];
  /** For each place of the plan's table, the steps bound to it and where. */
  readonly #bindings: { readonly step: MutableStep; readonly at: number; readonly start: number }[][];
  readonly #bound: unknown[];
  /** Intermediates, alive as long as this object. */
  readonly kept: readonly Storage[];
  /** The results' storages where each replay overwrites them. */
  readonly #results: readonly Storage[] | null;
  readonly #resultCount: number;

  /** `results` are what the function returned, computed from `placeholders` and what `trace` saw. */
  constructor(trace: Trace, placeholders: readonly Node[], results: readonly Node[], reuseOutputs: boolean) {
    // A variable that was given its own old value back, as by one that is set and restored, is not updated.
    const assigned = [...trace.assigned].filter(([cell, node]) => resolve(node) !== trace.cells.get(cell));
    const graph = closedGraph([...results, ...assigned.map(([, node]) => node)], trace);
    const device = deviceFor(trace, graph);
    const updates = graph.roots.map((_, i) => {
      const cell = assigned[i - results.length]?.[0];
      return cell === undefined ? null : graph.leaves.indexOf(trace.cells.get(cell)!);
    });
    this.plan = buildPlan(device, graph, updates);
    this.device = device;
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
    kernels.forEach(({ places: at, starts }, k) => {
      at.forEach((place, i) => {
        this.#bindings[place]!.push({ step: this.#steps[k]!, at: i, start: starts[i]! });
      });
    });

    const claim = ({ dtype, length }: Slot): Storage =>
      Storage.onDevice(device, device.allocate(length, dtype), dtype, length);
    this.kept = slots.map(claim);
    this.kept.forEach((storage, i) => this.#bind(leafCount + outputs.length + i, storage.bufferOn(device)));
    this.#results = reuseOutputs ? outputs.slice(0, results.length).map(claim) : null;

    const cellOf = new Map([...trace.cells].map(([cell, leaf]) => [leaf, cell]));
    const args: { place: number; position: number }[] = [];
    const cells: { place: number; cell: Cell }[] = [];
    const constants: { place: number; leaf: Node }[] = [];
    graph.leaves.forEach((leaf, place) => {
      const position = placeholders.indexOf(leaf);
      const cell = cellOf.get(leaf);
      if (position >= 0) args.push({ place, position });
      else if (cell !== undefined) cells.push({ place, cell });
      else constants.push({ place, leaf: leaf.owned ? copyOf(leaf, device) : leaf });
    });
    // A variable that is assigned without having been read has no leaf to overwrite: its output is its storage.
    this.#updated.forEach((cell, i) => {
      const { place } = outputs[results.length + i]!;
      if (place >= leafCount) cells.push({ place, cell });
    });
    this.#arguments = args;
    this.#cells = cells;
    this.#constants = constants;
  }

  /** Whether a variable has moved to another backend since the capture. */
  get isOutdated(): boolean {
    return this.#cells.some(({ cell }) => cell.device !== null && cell.device !== this.device);
  }

  /** Points every step that uses a place at another buffer. */
  #bind(place: number, buffer: unknown): void {
    if (this.#bound[place] === buffer) return;
    this.#bound[place] = buffer;
    for (const { step, at, start } of this.#bindings[place]!)
      step.buffers[at] = this.device.view(buffer, start);
  }

  /**
   * Runs the step on realised arguments and gives the storages of its results: new ones, or with `reuseOutputs` the
   * same ones each time. Nothing is kept where a kernel throws.
   */
  replay(args: readonly Node[]): readonly Storage[] {
    const { device } = this;
    for (const { place, position } of this.#arguments) {
      const arg = args[position]!;
      if (this.#results?.includes(arg.storage!)) {
        throw new StateError(
          "an argument is a result of the call before, which this call would overwrite while it reads it; " +
            "compile without reuseOutputs, or copy the result first",
        );
      }
      this.#bind(place, bufferOf(arg, device));
    }
    for (const { place, leaf } of this.#constants) this.#bind(place, bufferOf(leaf, device));
    realizeNodesSync(pendingOn(() => this.#updated.map((cell) => cell.storage(device))));
    for (const { place, cell } of this.#cells) this.#bind(place, cell.storage(device).bufferOn(device));
    for (const { node, refresh } of this.#hostInputs)
      device.backend.write(node.storage!.bufferOn(device), refresh());
    const results = this.#results ?? this.#claimResults();
    try {
      results.forEach((storage, i) => this.#bind(this.plan.leafCount + i, storage.bufferOn(device)));
      this.#run();
    } catch (error) {
      if (this.#results === null) for (const storage of results) storage.dispose();
      throw error;
    }
    for (const cell of this.#updated) cell.storage(device).version++;
    return results;
  }

  #claimResults(): Storage[] {
    const { device } = this;
    const results: Storage[] = [];
    try {
      for (let i = 0; i < this.#resultCount; i++) {
        const { dtype, length } = this.plan.outputs[i]!;
        results.push(Storage.onDevice(device, device.allocate(length, dtype), dtype, length));
      }
    } catch (error) {
      for (const storage of results) storage.dispose();
      throw error;
    }
    return results;
  }

  #run(): void {
    const { backend } = this.device;
    if (backend.runPlan !== undefined) return backend.runPlan(this.#steps);
    for (const { executable, buffers } of this.#steps) backend.run(executable, buffers);
  }
}

/** The graph of a capture, after variables' values that were pending before it are computed: those are not its work. */
function closedGraph(wanted: readonly Node[], trace: Trace): LinearGraph {
  const graph = linearize(wanted);
  const pending = graph.roots.slice(wanted.length);
  if (pending.length === 0) return graph;
  realizeNodesSync(pending, trace.device);
  return linearize(wanted);
}

function deviceFor({ device, cells }: Trace, { leaves }: LinearGraph): Device {
  const held = [...cells.keys()].find((cell) => cell.device !== null);
  return deviceOf(leaves) ?? device ?? held?.device ?? openDeviceSync(defaultBackendName());
}

/** A private copy of a variable's present value, for a graph that was built before the capture and means that value. */
function copyOf(leaf: Node, device: Device): Node {
  const copy = stopGradient(leaf);
  realizeNodesSync([copy], device);
  return copy;
}
