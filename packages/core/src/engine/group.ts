import { sizeOf, type Shape } from "../shape.ts";
import { isPartOf, writtenFor } from "./concat.ts";
import { forEachView, loadOf, moveTerm, type Leaf, type Term } from "./term.ts";
import type { Core, Value } from "./value.ts";
import { View } from "./view.ts";

/**
 * The most terms in one kernel, whatever would still fit: past this, engines give up optimising the function that it
 * becomes, and whoever walks the expression by recursion needs a deep stack.
 */
const maxTerms = 512;

/** A value is tried in so many groups that walk alike, the latest ones: in longer graphs it takes no longer. */
const maxAlike = 8;

/** A value that a group computes elementwise, with its term brought to the group's index space. */
export interface Member {
  readonly value: Value;
  readonly term: Term;
  /** Where it is stored in the index space of the group. */
  readonly target: View;
}

/** Where a value is stored as seen from another index space; null where that takes no one view. */
const targetIn = ({ home, shape }: Value, space: Shape): View | null =>
  (home?.view ?? View.contiguous(shape)).reshape(space);

/** Values that one kernel computes: at most one core (a fold, a product, …) and elementwise members over its result. */
export class Group {
  readonly kind: "map" | Core["kind"];
  /** The value that the core computes; null in a map. */
  readonly core: Value | null;
  readonly members: Member[] = [];
  /** The number of terms that it computes. */
  weight = 0;
  /** The index space of the result and of every member. */
  readonly shape: Shape;
  readonly #after = new Set<Group>();
  readonly #before = new Set<Group>();
  /** The length of the longest chain of groups that must run before this one. */
  #depth = 0;
  /** Position in the order in which groups were opened. */
  readonly order: number;

  constructor(kind: Group["kind"], core: Value | null, shape: Shape, order: number) {
    this.order = order;
    this.kind = kind;
    this.core = core;
    this.shape = shape;
  }

  /** Groups that must run before this one, directly. */
  get after(): ReadonlySet<Group> {
    return this.#after;
  }

  /** Has this group run after `other`, which must not depend on it. */
  runAfter(other: Group): void {
    this.#after.add(other);
    other.#before.add(this);
    const deeper: [group: Group, depth: number][] = [[this, other.#depth + 1]];
    while (deeper.length > 0) {
      const [group, depth] = deeper.pop()!;
      if (group.#depth >= depth) continue;
      group.#depth = depth;
      for (const later of group.#before) deeper.push([later, depth + 1]);
    }
  }

  /** Whether this group must run after `other`, directly or through others. */
  dependsOn(other: Group): boolean {
    const seen = new Set<Group>();
    const stack: Group[] = [this];
    while (stack.length > 0) {
      for (const group of stack.pop()!.#after) {
        if (group === other) return true;
        // No path leads from a group to one that is as deep or deeper.
        if (group.#depth <= other.#depth || seen.has(group)) continue;
        seen.add(group);
        stack.push(group);
      }
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

/** Whether a leaf reads all elements of its source in the order in which they were computed. */
function isIdentity({ view }: Leaf, source: Value): boolean {
  if (sizeOf(view.shape) !== source.size) return false;
  if (source.home === null) return view.isContiguous;
  const own = source.home.view.reshape(view.shape);
  return own !== null && view.mask === null && own.offset === view.offset && walkOf(own) === walkOf(view);
}

/** What two reads have in common that step through a buffer alike. */
const walkOf = ({ shape, strides }: View): string =>
  strides.map((stride, axis) => (shape[axis] === 1 ? "" : `${shape[axis]}:${stride}`)).join();

/** Whether each index reads an element of its own. */
const isInjective = ({ shape, strides, mask }: View): boolean =>
  mask === null && strides.every((stride, axis) => stride !== 0 || shape[axis] === 1);

interface Reads {
  /** The number of terms in the term. */
  readonly weight: number;
  /** All values that a term reads. */
  readonly all: ReadonlySet<Value>;
  /** Those that it reads only at its own index. */
  readonly identity: ReadonlySet<Value>;
  /** Its reads without repeats, as texts: maps with one in common walk the same buffer in the same order. */
  readonly walks: Set<string>;
}

function readsOf(term: Term): Reads {
  const all = new Set<Value>();
  const identity = new Set<Value>();
  const elsewhere = new Set<Value>();
  const walks = new Set<string>();
  const weight = forEachView(term, (leaf) => {
    if (leaf.kind === "valid" || leaf.source === null) return;
    const { source, view } = leaf;
    all.add(source);
    const same = leaf.kind === "load" && isIdentity(leaf, source);
    (same ? identity : elsewhere).add(source);
    if (same) walks.add(`${source.id}`);
    else if (isInjective(view)) walks.add(`${source.id}:${walkOf(view)}`);
  });
  for (const value of elsewhere) identity.delete(value);
  return { weight, all, identity, walks };
}

/** Groups stored values into kernels; what is left after fusion is what has to be written. */
export class Fusion {
  readonly groups: Group[] = [];
  readonly #maxOutputs: number;
  readonly #groupOf = new Map<Value, Group>();
  /** Map groups by the walks they make: candidates to make them once for all. */
  readonly #mapsWalking = new Map<string, Set<Group>>();

  constructor(values: readonly Value[], maxOutputs: number) {
    this.#maxOutputs = maxOutputs;
    const needed = neededOf(values);
    for (const value of values) {
      if (!value.stored || value.isLeaf || value.op === "concat" || !needed.has(value)) continue;
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
      for (const value of writtenFor(source)) {
        const group = this.#groupOf.get(value);
        if (group) groups.add(group);
      }
    }
    return groups;
  }

  #addCore(value: Value): void {
    // A product or a scatter has its own shape; the scatter's kernel iterates over what it scatters.
    const group = new Group(value.core!.kind, value, value.shape, this.groups.length);
    for (const term of group.coreTerms) {
      const { all, weight } = readsOf(term);
      group.weight += weight;
      for (const dependency of this.#dependencies(all)) group.runAfter(dependency);
    }
    group.members.push({ value, term: loadOf(value), target: targetIn(value, value.shape)! });
    this.#groupOf.set(value, group);
    this.groups.push(group);
  }

  #addMap(value: Value): void {
    const reads = readsOf(value.definition!);
    // What else is written into the same buffer is as good as what reads the same.
    if (value.home) reads.walks.add(`part of ${value.home.of.id}: ${value.size}`);
    const dependencies = this.#dependencies(reads.all);
    if (this.#candidates(reads).some((group) => this.#join(group, value, reads, dependencies))) return;
    const group = new Group("map", null, value.shape, this.groups.length);
    this.groups.push(group);
    const member = { value, term: value.definition!, target: targetIn(value, value.shape)! };
    this.#add(group, member, reads, dependencies);
  }

  #add(group: Group, member: Member, { walks, weight }: Reads, dependencies: Iterable<Group>): void {
    group.members.push(member);
    group.weight += weight;
    for (const dependency of dependencies) if (dependency !== group) group.runAfter(dependency);
    this.#groupOf.set(member.value, group);
    if (group.kind !== "map") return;
    for (const walk of walks) {
      const walking = this.#mapsWalking.get(walk);
      if (walking) walking.add(group);
      else this.#mapsWalking.set(walk, new Set([group]));
    }
  }

  /** Groups that produce what the value reads at its own index, the latest first; then maps that walk alike. */
  #candidates({ identity, walks }: Reads): Group[] {
    const producers = this.#dependencies(identity);
    const alike = new Set<Group>();
    for (const walk of walks) {
      for (const group of this.#mapsWalking.get(walk) ?? []) if (!producers.has(group)) alike.add(group);
    }
    const latestFirst = (a: Group, b: Group): number => b.order - a.order;
    return [...[...producers].sort(latestFirst), ...[...alike].sort(latestFirst).slice(0, maxAlike)];
  }

  #join(group: Group, value: Value, reads: Reads, dependencies: ReadonlySet<Group>): boolean {
    if (group.kind === "scatterAdd" || group.weight + reads.weight > maxTerms) return false;
    const made = group.members.map((member) => member.value);
    // Every value of the group that is read must be read at the index where it was just computed.
    const isReadElsewhere = (one: Value): boolean =>
      (reads.all.has(one) && !reads.identity.has(one)) || isPartOf(one, reads.all);
    if (made.some(isReadElsewhere)) return false;
    for (const dependency of dependencies) {
      if (dependency !== group && dependency.dependsOn(group)) return false;
    }
    const unread = made.filter((one) => !one.isRoot && one.users.every((user) => feedsOnly(user, value)));
    if (made.length - unread.length + 1 > this.#maxOutputs) return false;
    const term = moveTerm(value.definition!, (view) => view.reshape(group.shape));
    const target = targetIn(value, group.shape);
    if (term === null || target === null) return false;
    this.#add(group, { value, term, target }, reads, dependencies);
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
      for (const { value } of group.members)
        value.stored = value.isRoot || value.home !== null || readElsewhere.has(value);
    }
  }
}

/** Values with elements that lead to a root with elements: whoever has none reads nothing. */
function neededOf(values: readonly Value[]): Set<Value> {
  const needed = new Set<Value>();
  for (const value of values.toReversed()) {
    if (value.size > 0 && (value.isRoot || value.users.some((user) => needed.has(user)))) needed.add(value);
  }
  return needed;
}

/** Whether everything that `from` feeds ends in `value`. */
function feedsOnly(from: Value, value: Value): boolean {
  if (from === value) return true;
  if (from.stored || from.isRoot) return false;
  return from.users.length > 0 && from.users.every((user) => feedsOnly(user, value));
}
