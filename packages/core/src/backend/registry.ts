import { BackendError, StateError } from "../errors.ts";
import type { Backend, BackendPlugin } from "./contract.ts";
import { Device } from "./device.ts";

/** The packages that bring the backends we publish, for the message about one that is missing. */
const packages: Readonly<Record<string, string>> = {
  cpu: "@chainrule/backend-cpu",
  wasm: "@chainrule/backend-wasm",
  gpu: "@chainrule/backend-gpu",
};

const plugins = new Map<string, BackendPlugin>();
const devices = new Map<string, Device | Promise<Device>>();
let defaultName: string | null = null;

/**
 * Makes a backend known under its name; it starts when it is first used. The first one registered is the default.
 * A second plugin of the same name replaces the first for as long as that one has not started.
 */
export function registerBackend(plugin: BackendPlugin): void {
  const known = plugins.get(plugin.name);
  if (known !== undefined && known !== plugin && devices.has(plugin.name)) {
    throw new BackendError(
      `backend "${plugin.name}" is already running; register another plugin of that name before it is first used`,
    );
  }
  plugins.set(plugin.name, plugin);
  defaultName ??= plugin.name;
}

function pluginOf(name: string): BackendPlugin {
  const plugin = plugins.get(name);
  if (plugin !== undefined) return plugin;
  const names = [...plugins.keys()].map((known) => `"${known}"`).join(", ");
  const registered = plugins.size === 0 ? "none is" : `${names} ${plugins.size === 1 ? "is" : "are"}`;
  const install = packages[name];
  throw new BackendError(
    `backend "${name}" is not registered; ${registered}. ` +
      (install === undefined
        ? `Pass its plugin to registerBackend() first`
        : `Install ${install}, then registerBackend(${name}) with the plugin that it exports`),
  );
}

function started(name: string, backend: Backend): Device {
  const device = new Device(name, backend);
  devices.set(name, device);
  return device;
}

/**
 * Starts a backend: at once where its plugin can, else by a promise that all who wait share. A failure is forgotten,
 * so that the next call tries again.
 */
function open(name: string): Device | Promise<Device> {
  const known = devices.get(name);
  if (known !== undefined) return known;
  const plugin = pluginOf(name);
  const refuse = (reason: string | null): void => {
    if (reason !== null) throw new BackendError(`backend "${name}" is not available here: ${reason}`);
  };
  const reason = plugin.unavailable?.() ?? null;
  if (!(reason instanceof Promise)) refuse(reason);
  const backend =
    reason instanceof Promise ? reason.then(refuse).then(() => plugin.create()) : plugin.create();
  if (!(backend instanceof Promise)) return started(name, backend);
  const opening = backend.then(
    (ready) => started(name, ready),
    (error: unknown) => {
      devices.delete(name);
      throw error;
    },
  );
  // Whoever does not wait is told to, and nobody may be left to hear of a failure.
  opening.catch(() => {});
  devices.set(name, opening);
  return opening;
}

/** The running device of that name, started if need be. */
export const openDevice = async (name: string): Promise<Device> => open(name);

/** The device of that name if it runs, or can be started without waiting. */
export function openDeviceSync(name: string): Device {
  const device = open(name);
  if (device instanceof Device) return device;
  throw new BackendError(
    `backend "${name}" takes a moment to start; wait for it: await setBackend("${name}")`,
  );
}

/** The name of the default backend. Throws where none is registered. */
export function defaultBackendName(): string {
  if (defaultName === null) {
    throw new BackendError(
      `no backend is registered; install @chainrule/backend-cpu and call registerBackend(cpu), ` +
        `or import @chainrule/chainrule, which does`,
    );
  }
  return defaultName;
}

/** Starts a backend and makes it the default for tensors made from now on. */
export async function setBackend(name: string): Promise<Backend> {
  const device = await openDevice(name);
  defaultName = name;
  return device.backend;
}

/** The backend of that name or the default one, started: its mode as it really runs, threads and capabilities. */
export const getBackend = (name: string = defaultBackendName()): Backend => openDeviceSync(name).backend;

/** A call of `withBackend` under way, and the default that is put back after it. */
interface Scope {
  readonly name: string;
  before: string | null;
}

const scopes: Scope[] = [];

/** Ends a scope; gives one that began after it and is still under way, which then puts back the older default. */
function leave(scope: Scope): Scope | undefined {
  const at = scopes.indexOf(scope);
  scopes.splice(at, 1);
  const later = scopes[at];
  if (later === undefined) defaultName = scope.before;
  else later.before = scope.before;
  return later;
}

/**
 * Runs `body` with another default backend and puts the old one back, also when `body` throws. Calls may be nested, but
 * there is one default for all that runs: bodies that wait must not run at the same time, since each would see the
 * other's backend. Where both are needed at once, move tensors and models with `to`.
 *
 * @throws StateError where another call that began later has not ended: the two ran at the same time.
 */
export async function withBackend<T>(name: string, body: () => T | Promise<T>): Promise<T> {
  await openDevice(name);
  const scope: Scope = { name, before: defaultName };
  scopes.push(scope);
  defaultName = name;
  let later: Scope | undefined;
  let result: T;
  try {
    const made = body();
    // A body that does not wait has the default for itself: it must not keep it a turn longer.
    result = made instanceof Promise ? await made : made;
  } finally {
    later = leave(scope);
  }
  if (later === undefined) return result;
  throw new StateError(
    `withBackend("${name}") ended before withBackend("${later.name}"), which began after it: they ran at the same ` +
      `time and shared one default backend; wait for one before the other, or move tensors and models with to()`,
  );
}

/** A registered backend, and whether it can run here. */
export interface BackendListing {
  readonly name: string;
  readonly available: boolean;
  /** Why it cannot run, where it cannot. */
  readonly reason?: string;
}

/** Every registered backend, and those we know of that are not registered, with the reason where one cannot run. */
export async function listBackends(): Promise<BackendListing[]> {
  const listings: BackendListing[] = [];
  for (const [name, plugin] of plugins) {
    const reason = (await plugin.unavailable?.()) ?? null;
    listings.push(reason === null ? { name, available: true } : { name, available: false, reason });
  }
  for (const [name, install] of Object.entries(packages)) {
    if (!plugins.has(name))
      listings.push({ name, available: false, reason: `not registered: install ${install}` });
  }
  return listings;
}

/** Bytes and buffers held on each running backend, by tensors and by captured steps. */
export function memory(): Record<string, { bytes: number; buffers: number }> {
  const held: Record<string, { bytes: number; buffers: number }> = {};
  for (const [name, device] of devices) if (device instanceof Device) held[name] = device.memory;
  return held;
}
