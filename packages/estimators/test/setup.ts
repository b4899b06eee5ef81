import { cpu } from "@chainrule/backend-cpu";
import { Generator, registerBackend } from "@chainrule/core";

registerBackend(cpu);

/** Numbers of a normal distribution, always the same for a seed. */
export function gauss(seed: number): () => number {
  const generator = new Generator(seed);
  return () =>
    Math.sqrt(-2 * Math.log(1 - generator.uniform())) * Math.cos(2 * Math.PI * generator.uniform());
}

/** Rows of normal features. */
export function rows(seed: number, n: number, features: number): number[][] {
  const next = gauss(seed);
  return Array.from({ length: n }, () => Array.from({ length: features }, next));
}

/** Normal clouds around centres, one label each. */
export function clouds(
  seed: number,
  centres: readonly (readonly number[])[],
  each: number,
  spread: number = 1,
): { x: number[][]; y: number[] } {
  const next = gauss(seed);
  const y = Array.from({ length: each * centres.length }, (_, i) => i % centres.length);
  const x = y.map((label) => centres[label]!.map((at) => at + spread * next()));
  return { x, y };
}
