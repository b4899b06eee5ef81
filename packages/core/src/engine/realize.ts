import { openDevice, openDeviceSync, defaultBackendName } from "../backend/registry.ts";
import type { Device } from "../backend/device.ts";
import { BackendError, StateError } from "../errors.ts";
import type { Node } from "../graph/node.ts";
import { bytesPerElement } from "../dtype.ts";
import { linearize, type LinearGraph } from "./linearize.ts";
import { planFor } from "./plan-cache.ts";
import type { Plan, Updates } from "./plan.ts";
import { Storage } from "./storage.ts";

/** The device that holds nodes or what they are made of; null where all of that still waits on the host. */
export function deviceOf(nodes: readonly Node[]): Device | null {
  let device: Device | null = null;
  for (const node of nodes) {
    const other = node.storage?.device ?? node.device;
    if (other === null || other === device) continue;
    if (device !== null) {
      throw new BackendError(
        `one computation uses tensors on two backends, "${device.name}" and "${other.name}"; ` +
          `move them to one first: await t.to("${device.name}")`,
      );
    }
    device = other;
  }
  return device;
}

/** The buffer of a leaf. Throws StateError where a captured step has overwritten what the leaf stood for. */
export function bufferOf(leaf: Node, device: Device): unknown {
  const storage = leaf.storage!;
  if (leaf.version !== storage.version) {
    throw new StateError(
      "this tensor was built from the value that a variable had before a captured step updated it in place; " +
        "read it before the step, or build it again from the variable",
    );
  }
  return storage.bufferOn(device);
}

/**
 * Runs a plan once and gives the buffers of its outputs: fresh ones, or those of the leaves that are updated in place.
 * Whatever was allocated is given back if a kernel throws.
 */
function run(plan: Plan, graph: LinearGraph): unknown[] {
  const { device, kernels, leafCount, outputs, slots } = plan;
  const table: unknown[] = graph.leaves.map((leaf) => bufferOf(leaf, device));
  const claims = [...outputs, ...slots];
  const inPlace = (claim: number): boolean => claim < outputs.length && outputs[claim]!.place < leafCount;
  let allocated = 0;
  let done = false;
  try {
    for (const { dtype, length } of claims) {
      table.push(inPlace(allocated) ? table[outputs[allocated]!.place] : device.allocate(length, dtype));
      allocated++;
    }
    for (const { executable, places, starts } of kernels) {
      device.backend.run(
        executable,
        places.map((place, i) => device.view(table[place], starts[i]!)),
      );
    }
    done = true;
  } finally {
    for (let i = done ? outputs.length : 0; i < allocated; i++) {
      if (inPlace(i)) continue;
      device.release(table[leafCount + i], claims[i]!.length * bytesPerElement(claims[i]!.dtype));
    }
  }
  return table.slice(leafCount, leafCount + outputs.length);
}

const unrealized = (nodes: readonly Node[]): Node[] =>
  [...new Set(nodes)].filter((node) => node.storage === null);

/** For each root that takes over a leaf's buffer, which leaf that is. */
function updatesOf(device: Device, { roots, leaves }: LinearGraph): Updates {
  return roots.map(({ replaces }) => {
    if (replaces === null || replaces.storage!.device !== device) return null;
    const leaf = leaves.indexOf(replaces);
    return leaf < 0 || replaces.version !== replaces.storage!.version ? null : leaf;
  });
}

function realizeOn(device: Device, graph: LinearGraph): void {
  const plan = planFor(device, graph, updatesOf(device, graph));
  const buffers = run(plan, graph);
  graph.roots.forEach((root, i) => {
    const { dtype, length, place } = plan.outputs[i]!;
    if (place >= plan.leafCount) {
      root.realized(Storage.onDevice(device, buffers[i], dtype, length));
      return;
    }
    const storage = graph.leaves[place]!.storage!;
    storage.version++;
    root.realized(storage);
  });
}

/** Computes nodes in one plan; on `device`, or where their leaves are, or on the default backend. */
export function realizeNodesSync(nodes: readonly Node[], on: Device | null = null): void {
  const roots = unrealized(nodes);
  if (roots.length === 0) return;
  const graph = linearize(roots);
  realizeOn(deviceOf(graph.leaves) ?? on ?? openDeviceSync(defaultBackendName()), graph);
}

/** As `realizeNodesSync`, waiting for the backend where that still has to start. */
export async function realizeNodes(nodes: readonly Node[]): Promise<void> {
  const roots = unrealized(nodes);
  if (roots.length === 0) return;
  const graph = linearize(roots);
  const device = deviceOf(graph.leaves);
  if (device !== null) realizeOn(device, graph);
  // Others may realise part of it, and renumber all of it, during the wait.
  else realizeNodesSync(roots, await openDevice(defaultBackendName()));
  await roots[0]!.storage!.device?.takeTurn();
}

/** The plan that would compute the nodes, without running it. */
export function explainNodes(nodes: readonly Node[]): Plan {
  const graph = linearize(unrealized(nodes));
  const device = deviceOf(graph.leaves) ?? openDeviceSync(defaultBackendName());
  return planFor(device, graph, updatesOf(device, graph));
}
