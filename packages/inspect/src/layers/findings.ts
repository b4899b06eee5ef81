import { formatNumber, formatShare } from "../text.ts";
import type { LayerReport, LayerStatistics, ParameterStatistics } from "./inspect-layers.ts";

/** What can be wrong with a layer. */
export type FindingKind =
  | "dead"
  | "saturated"
  | "vanishing"
  | "exploding"
  | "symmetric"
  | "silent"
  | "not finite";

/** Something wrong, where, and what to do. */
export interface Finding {
  readonly kind: FindingKind;
  /** The name of the layer, or of the parameter. */
  readonly where: string;
  readonly message: string;
}

/** From where on something counts as wrong. */
export interface FindingOptions {
  /** Share of a layer's units; default 0.5. */
  readonly deadShare?: number;
  /** Share of a layer's elements; default 0.5. */
  readonly saturatedShare?: number;
  /** Factor between the root-mean-square gradients of two weights of the model; default 1000. */
  readonly gradientRatio?: number;
}

/** What is wrong, in the order of the layers. */
export function findingsOf(
  { layers, loss }: Pick<LayerReport, "layers" | "loss">,
  options: FindingOptions = {},
): Finding[] {
  const { deadShare = 0.5, saturatedShare = 0.5, gradientRatio = 1000 } = options;
  const parameters = layers.flatMap((layer) => layer.parameters);
  const broken = notFinite(layers, loss);
  if (broken) return [broken];
  const findings = layers.flatMap((layer) => [
    ...dead(layer, deadShare),
    ...saturated(layer, saturatedShare),
  ]);
  findings.push(...parameters.filter(({ symmetric }) => symmetric).map(symmetricWeight));
  // Behind a dead layer nothing has a gradient; only where there is none is that news.
  if (!findings.some(({ kind }) => kind === "dead")) {
    findings.push(...parameters.filter(({ gradient }) => gradient.norm === 0).map(silent));
  }
  return [...findings, ...uneven(parameters, gradientRatio)];
}

function notFinite(layers: readonly LayerStatistics[], loss: number): Finding | null {
  const first = layers.find(({ activation }) => !activation.finite);
  const where = first?.name ?? layers.find(({ gradient }) => !gradient.finite)?.name;
  if (where === undefined && Number.isFinite(loss)) return null;
  const what = first ? "activations" : where === undefined ? "loss" : "gradients";
  return {
    kind: "not finite",
    where: where ?? "(loss)",
    message:
      `${where === undefined ? "the loss" : `layer "${where}"`} has ${what === "loss" ? "no finite value" : `${what} that are not finite`}: ` +
      `lower the learning rate, clip the gradients, and look for log(0) or a division by 0 with debug({ nanCheck: true })`,
  };
}

function dead({ name, layer, units, deadUnits }: LayerStatistics, limit: number): Finding[] {
  if (deadUnits === null || deadUnits === 0 || deadUnits / units < limit) return [];
  const all = deadUnits === units ? ", so nothing before it learns" : "";
  return [
    {
      kind: "dead",
      where: name,
      message:
        `layer "${name}" (${layer}): ${deadUnits} of ${units} units are dead, on every example${all}: ` +
        `lower the learning rate, initialise with kaimingNormal and biases of 0, or use LeakyReLU or ELU`,
    },
  ];
}

function saturated({ name, layer, saturated: share }: LayerStatistics, limit: number): Finding[] {
  if (share === null || share < limit) return [];
  return [
    {
      kind: "saturated",
      where: name,
      message:
        `layer "${name}" (${layer}): ${formatShare(share)} of its outputs are saturated, where the slope is almost 0: ` +
        `initialise with xavierNormal, standardise the inputs, or use ReLU`,
    },
  ];
}

const symmetricWeight = ({ name }: ParameterStatistics): Finding => ({
  kind: "symmetric",
  where: name,
  message: `weight "${name}": all its units are equal, get equal gradients and stay equal: initialise it at random`,
});

const silent = ({ name }: ParameterStatistics): Finding => ({
  kind: "silent",
  where: name,
  message:
    `parameter "${name}" gets no gradient: check that the loss depends on it, and that no stopGradient, argmax or ` +
    `cast to integers lies between`,
});

/** The weight with the smallest gradient and that with the largest, where they are too far apart. */
function uneven(parameters: readonly ParameterStatistics[], limit: number): Finding[] {
  const weights = parameters.filter(({ shape, gradient }) => shape.length >= 2 && gradient.norm > 0);
  const [first, last] = [weights[0], weights.at(-1)];
  if (!first || !last) return [];
  const smallest = weights.reduce((least, weight) =>
    weight.gradient.rms < least.gradient.rms ? weight : least,
  );
  const largest = weights.reduce((most, weight) => (weight.gradient.rms > most.gradient.rms ? weight : most));
  if (largest.gradient.rms < limit * smallest.gradient.rms) return [];
  const against = (a: ParameterStatistics, b: ParameterStatistics): string =>
    `${formatNumber(a.gradient.rms)} against ${formatNumber(b.gradient.rms)} in "${b.name}"`;
  // Gradients run from the last layer to the first: smaller in front means that they vanish on the way.
  if (first.gradient.rms < last.gradient.rms) {
    return [
      {
        kind: "vanishing",
        where: smallest.name,
        message:
          `weight "${smallest.name}": its gradient has vanished (root mean square ${against(smallest, largest)}): ` +
          `use ReLU with kaimingNormal or tanh with xavierNormal, normalisation layers, or Residual`,
      },
    ];
  }
  return [
    {
      kind: "exploding",
      where: largest.name,
      message:
        `weight "${largest.name}": its gradient has exploded (root mean square ${against(largest, smallest)}): ` +
        `clip the gradients, initialise with smaller weights (xavierNormal, kaimingNormal), or add normalisation layers`,
    },
  ];
}
