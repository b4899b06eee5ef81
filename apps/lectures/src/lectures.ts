import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "./result.ts";

/** One script and what it is held to. */
export interface Lecture {
  readonly id: number;
  readonly name: string;
  /** What it must show. */
  readonly target: string;
  /** The script's file name. */
  readonly file: string;
  /** Where it computes if that can run here; on the CPU backend unless given. */
  readonly backend?: "wasm";
  /** Loads the script and gives the function to run. */
  readonly load: () => Promise<() => Promise<Result>>;
}

/** All scripts, in the order of the lectures. */
export const lectures: readonly Lecture[] = [
  {
    id: 1,
    name: "Integrate-and-fire neuron",
    target: "silent below the rheobase, above it the closed form's rate within 1 %",
    file: "01-integrate-and-fire.ts",
    load: async () => (await import("./01-integrate-and-fire.ts")).integrateAndFire,
  },
  {
    id: 2,
    name: "Perceptron",
    target: "converges on separable data within Novikoff's bound; XOR stays unsolved",
    file: "02-perceptron.ts",
    load: async () => (await import("./02-perceptron.ts")).perceptron,
  },
  {
    id: 3,
    name: "Linear regression",
    target: "least squares and gradient descent agree to 1e-6",
    file: "03-linear-regression.ts",
    load: async () => (await import("./03-linear-regression.ts")).linearRegression,
  },
  {
    id: 4,
    name: "Polynomial regression",
    target: "held-out data pick the true degree",
    file: "04-polynomial-regression.ts",
    load: async () => (await import("./04-polynomial-regression.ts")).polynomialRegression,
  },
  {
    id: 5,
    name: "Logistic regression",
    target: "the gradient is (y − t)x; the weights are IRLS's to 1e-4",
    file: "05-logistic-regression.ts",
    load: async () => (await import("./05-logistic-regression.ts")).logisticRegression,
  },
  {
    id: 6,
    name: "Softmax regression",
    target: "∂L/∂z = y − t to 1e-6; at least 92 % on MNIST",
    file: "06-softmax-regression.ts",
    load: async () => (await import("./06-softmax-regression.ts")).softmaxRegression,
  },
  {
    id: 7,
    name: "Generalised linear models",
    target: "known Poisson coefficients within two standard errors",
    file: "07-generalised-linear-models.ts",
    load: async () => (await import("./07-generalised-linear-models.ts")).generalisedLinearModels,
  },
  {
    id: 8,
    name: "XOR",
    target: "exact by hand; learned from at least 99 of 100 seeds",
    file: "08-xor.ts",
    load: async () => (await import("./08-xor.ts")).xor,
  },
  {
    id: 9,
    name: "Universal approximation",
    target: "the sup-norm error falls as 1/N; any Boolean function by 2^D units",
    file: "09-universal-approximation.ts",
    load: async () => (await import("./09-universal-approximation.ts")).universalApproximation,
  },
  {
    id: 10,
    name: "Activations",
    target: "values and derivatives are PyTorch's; a figure of each",
    file: "10-activations.ts",
    load: async () => (await import("./10-activations.ts")).activations,
  },
  {
    id: 11,
    name: "Backpropagation",
    target: "every node's value and gradient is the number derived by hand",
    file: "11-backpropagation.ts",
    load: async () => (await import("./11-backpropagation.ts")).backpropagation,
  },
  {
    id: 12,
    name: "Gradient checking",
    target: "a public check that finds errors; what it costs",
    file: "12-gradient-check.ts",
    load: async () => (await import("./12-gradient-check.ts")).gradientCheck,
  },
  {
    id: 13,
    name: "Gradient descent",
    target: "each method reaches a mean squared error of 0.01; several minima",
    file: "13-gradient-descent.ts",
    load: async () => (await import("./13-gradient-descent.ts")).gradientDescent,
  },
  {
    id: 14,
    name: "Initialisation",
    target: "variances within a factor of 2 over 20 layers; equal weights stay equal",
    file: "14-initialisation.ts",
    load: async () => (await import("./14-initialisation.ts")).initialisation,
  },
  {
    id: 15,
    name: "Vanishing gradients, dead units",
    target: "the report names the layer that was broken on purpose",
    file: "15-vanishing-gradients.ts",
    load: async () => (await import("./15-vanishing-gradients.ts")).vanishingGradients,
  },
  {
    id: 16,
    name: "Regularisation",
    target: "each regulariser lowers the validation loss; tied weights get the summed gradient",
    file: "16-regularisation.ts",
    load: async () => (await import("./16-regularisation.ts")).regularisation,
  },
  {
    id: 17,
    name: "Deep networks",
    target: "a directed acyclic graph, trained and drawn",
    file: "17-deep-networks.ts",
    load: async () => (await import("./17-deep-networks.ts")).deepNetworks,
  },
  {
    id: 18,
    name: "Digits",
    target: "at least 98 % on MNIST; an image layer by layer, weights as pictures",
    file: "18-digits.ts",
    load: async () => (await import("./18-digits.ts")).digits,
  },
  {
    id: 19,
    name: "Convolutional networks",
    target: "LeNet: at least 99 % on MNIST; filters and feature maps as pictures",
    file: "19-convolutional-networks.ts",
    backend: "wasm",
    load: async () => (await import("./19-convolutional-networks.ts")).convolutionalNetworks,
  },
  {
    id: 20,
    name: "Recurrent networks",
    target: "each kind learns the adding problem; values and gradients are PyTorch's",
    file: "20-recurrent-networks.ts",
    backend: "wasm",
    load: async () => (await import("./20-recurrent-networks.ts")).recurrentNetworks,
  },
  {
    id: 21,
    name: "Cost of a network",
    target: "summary() equals the counted numbers",
    file: "21-cost.ts",
    load: async () => (await import("./21-cost.ts")).cost,
  },
  {
    id: 22,
    name: "Vectorisation",
    target: "the same gradients to 1e-6; how much faster",
    file: "22-vectorisation.ts",
    load: async () => (await import("./22-vectorisation.ts")).vectorisation,
  },
];

/** A script's text. */
export const sourceOf = ({ file }: Lecture): string => readFileSync(join(import.meta.dirname, file), "utf8");

/** The idea of a script: its first line. */
export const ideaOf = (lecture: Lecture): string => /^\/\/ (.*)$/m.exec(sourceOf(lecture))![1]!;
