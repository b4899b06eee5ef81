import { forEachView, loadOf, moveTerm, type Term } from "./term.ts";
import type { Value } from "./value.ts";
import { type Core } from "./value.ts";
import type { Shape } from "../shape.ts";

/** A value that a group computes elementwise, with its term brought to the group's index space. */
export interface Member {
  readonly value: Value;
  readonly term: Term;
}

/** Values that one kernel computes: at most one core (a fold, a product, …) and elementwise members over its result. */
export class Group {
  readonly kind: "map" | Core["kind"];
  /** The value that the core computes; null in a map. */
  readonly core: Value | null;
  readonly members: Member[] = [];
  /** The index space of the result and of every member. */
  readonly shape: Shape;
  /** Groups that must run before this one. */
  readonly after: Set<Group> = new Set();
  /** Position in the order in which groups were opened. */
  readonly order: number;

  constructor(kind: Group["kind"], core: Value | null, shape: Shape, order: number) {
    this.order = order;
    this.kind = kind;
    this.core = core;
    this.shape = shape;
  }

  /** Whether this group must run after `other`, directly or through others. */
  dependsOn(other: Group): boolean {
    const seen = new Set<Group>();
    const stack: Group[] = [...this.after];
    while (stack.length > 0) {
      const group = stack.pop()!;
      if (group === other) return true;
      if (seen.has(group)) continue;
      seen.add(group);
      stack.push(...group.after);
    }
    return false;
  }

  /** The terms through which the core reads. */
  get coreTerms(): readonly Term[] {
    const core = this.core?.core;
    if (!core) return [];
    switch (core.kind) {
      case "reduce":
        return [core.value];
      case "dot":
        return [core.a, core.b];
      case "gather":
        return [core.source, core.index];
      case "scatterAdd":
        return [core.index, core.value];
    }
  }

  /** Values whose buffers the core reads, and those that members read: `identity` where only at the same index. */
  reads(): Map<Value, { identity: boolean }> {
    const reads = new Map<Value, { identity: boolean }>();
    const see = (terms: readonly Term[], inCore: boolean): void => {
      for (const term of terms) {
        forEachView(term, (leaf) => {
          if (leaf.kind === "valid" || leaf.source === null) return;
          const identity = !inCore && leaf.kind === "load" && isIdentity(leaf, leaf.source);
          reads.set(leaf.source, { identity: identity && reads.get(leaf.source)?.identity !== false });
        });
      }
    };
    see(this.coreTerms, true);
    see(
      this.members.map(({ term }) => term),
      false,
    );
    return reads;
  }
}

const isIdentity = (
  leaf: { readonly view: { readonly isContiguous: boolean; readonly shape: Shape } },
  source: Value,
): boolean => leaf.view.isContiguous && leaf.view.shape.reduce((a, b) => a * b, 1) === source.size;

/** Values that the term reads only at its own index, and all that it reads. */
function readsOf(term: Term): { identity: Set<Value>; all: Set<Value> } {
  const all = new Set<Value>();
  const identity = new Set<Value>();
  const elsewhere = new Set<Value>();
  forEachView(term, (leaf) => {
    if (leaf.kind === "valid" || leaf.source === null) return;
    all.add(leaf.source);
    (leaf.kind === "load" && isIdentity(leaf, leaf.source) ? identity : elsewhere).add(leaf.source);
  });
  for (const value of elsewhere) identity.delete(value);
  return { identity, all };
}

/** Groups stored values into kernels; what is left after fusion is what has to be written. */
export class Fusion {
  readonly groups: Group[] = [];
  readonly #maxOutputs: number;
  readonly #groupOf = new Map<Value, Group>();
  /** Map groups by the values they read at their own index: candidates to read them once for all. */
  readonly #mapsReading = new Map<Value, Set<Group>>();

  constructor(values: readonly Value[], maxOutputs: number) {
    this.#maxOutputs = maxOutputs;
    for (const value of values) {
      if (!value.stored || value.isLeaf || value.size === 0) continue;
      if (value.core !== null) this.#addCore(value);
      else this.#addMap(value);
    }
    this.#dropUnread();
  }

  /** The group that computes a value; undefined for leaves. */
  groupOf(value: Value): Group | undefined {
    return this.#groupOf.get(value);
  }

  #dependencies(sources: Iterable<Value>): Set<Group> {
    const groups = new Set<Group>();
    for (const source of sources) {
      const group = this.#groupOf.get(source);
      if (group) groups.add(group);
    }
    return groups;
  }

  #addCore(value: Value): void {
    // A product or a scatter has its own shape; the scatter's kernel iterates over what it scatters.
    const group = new Group(value.core!.kind, value, value.shape, this.groups.length);
    for (const term of group.coreTerms) {
      for (const dependency of this.#dependencies(readsOf(term).all)) group.after.add(dependency);
    }
    group.members.push({ value, term: loadOf(value) });
    this.#groupOf.set(value, group);
    this.groups.push(group);
  }

  #addMap(value: Value): void {
    const { identity, all } = readsOf(value.definition!);
    const dependencies = this.#dependencies(all);
    const joined = this.#candidates(identity).find((group) =>
      this.#join(group, value, identity, dependencies),
    );
    if (joined !== undefined) return;
    const group = new Group("map", null, value.shape, this.groups.length);
    for (const dependency of dependencies) group.after.add(dependency);
    group.members.push({ value, term: value.definition! });
    this.#groupOf.set(value, group);
    this.groups.push(group);
    this.#noteReads(group, identity);
  }

  #noteReads(group: Group, identity: Iterable<Value>): void {
    if (group.kind !== "map") return;
    for (const source of identity) {
      const readers = this.#mapsReading.get(source);
      if (readers) readers.add(group);
      else this.#mapsReading.set(source, new Set([group]));
    }
  }

  /** Groups that produce what the value reads at its own index, the latest first; then maps that read the same. */
  #candidates(identity: ReadonlySet<Value>): Group[] {
    const producers = this.#dependencies(identity);
    const readers = new Set<Group>();
    for (const source of identity) {
      for (const group of this.#mapsReading.get(source) ?? []) if (!producers.has(group)) readers.add(group);
    }
    const latestFirst = (a: Group, b: Group): number => b.order - a.order;
    return [...[...producers].sort(latestFirst), ...[...readers].sort(latestFirst)];
  }

  #join(group: Group, value: Value, identity: ReadonlySet<Value>, dependencies: ReadonlySet<Group>): boolean {
    if (group.kind === "scatterAdd") return false;
    const made = group.members.map((member) => member.value);
    // Every value of the group that is read must be read at the index where it was just computed.
    const { all } = readsOf(value.definition!);
    if (made.some((one) => all.has(one) && !identity.has(one))) return false;
    for (const dependency of dependencies) {
      if (dependency !== group && dependency.dependsOn(group)) return false;
    }
    const unread = made.filter((one) => !one.isRoot && one.users.every((user) => feedsOnly(user, value)));
    if (made.length - unread.length + 1 > this.#maxOutputs) return false;
    const term = moveTerm(value.definition!, (view) => view.reshape(group.shape));
    if (term === null) return false;
    group.members.push({ value, term });
    for (const dependency of dependencies) if (dependency !== group) group.after.add(dependency);
    this.#groupOf.set(value, group);
    this.#noteReads(group, identity);
    return true;
  }

  /** Members that only their own group reads stay in registers. */
  #dropUnread(): void {
    const readElsewhere = new Set<Value>();
    for (const group of this.groups) {
      const own = new Set(group.members.map(({ value }) => value));
      for (const source of group.reads().keys()) if (!own.has(source)) readElsewhere.add(source);
    }
    for (const group of this.groups) {
      for (const { value } of group.members) value.stored = value.isRoot || readElsewhere.has(value);
    }
  }
}

/** Whether everything that `from` feeds ends in `value`. */
function feedsOnly(from: Value, value: Value): boolean {
  if (from === value) return true;
  if (from.stored || from.isRoot) return false;
  return from.users.length > 0 && from.users.every((user) => feedsOnly(user, value));
}
