// Ten linear scores through a softmax read digits: the gradient of the loss for the scores is output minus target.
import { Generator, oneHot, random, tensor, type Tensor } from "@chainrule/core";
import { DataLoader } from "@chainrule/data";
import { mnistFromPackage } from "@chainrule/data/node";
import { confusionChart, weightImages } from "@chainrule/inspect";
import { bceWithLogits, confusionMatrix, crossEntropy, Linear } from "@chainrule/nn";
import { Adam, cosine } from "@chainrule/optim";
import { evaluate, fit, predict, type Loss } from "@chainrule/train";
import { atLeast, atMost, judged, type Result } from "./result.ts";

export async function softmaxRegression(): Promise<Result> {
  const error = await identityError();
  const mnist = await mnistFromPackage(import.meta.url);
  const { height, width } = mnist;

  // One layer, 5 epochs of Adam; its rate falls from 0.003 to 0 along a cosine.
  const train = async (loss: Loss, epochs: number): Promise<Linear> => {
    const model = new Linear(height * width, 10, { generator: new Generator(6) });
    const batches = new DataLoader(mnist.train, { batchSize: 128, shuffle: true, seed: 6 });
    const optimizer = new Adam({ lr: 3e-3 });
    await fit(model, batches, { loss, optimizer, schedule: cosine(epochs * batches.length), epochs });
    return model;
  };
  const accuracyOf = async (model: Linear): Promise<number> =>
    (await evaluate(model, mnist.test, { loss: crossEntropy })).accuracy!;

  const softmax = await train(crossEntropy, 5);
  // One-vs-all: ten logistic regressions side by side, each for one digit against the others.
  const oneVsAll = await train((z: Tensor, t: Tensor) => bceWithLogits(z, oneHot(t, 10)), 2);

  const read = await (await predict(softmax, mnist.test)).argmax(1).data();
  const confusion = confusionMatrix(read, mnist.test.columns.y.data, 10);
  return judged({
    checks: [
      atMost("largest difference of ∂L/∂z from y − t", error, 1e-6),
      atLeast("accuracy on MNIST's 10,000 test images", await accuracyOf(softmax), 0.92),
    ],
    notes: [{ name: "accuracy of one-vs-all after 2 epochs", value: await accuracyOf(oneVsAll) }],
    figures: [
      await weightImages(softmax.weight, {
        height,
        width,
        columns: 5,
        title: "What speaks for each digit, 0 to 9",
        subtitle: "weights of the ten outputs",
      }),
      confusionChart(confusion, { title: "Softmax regression on MNIST", subtitle: "10,000 test images" }),
    ],
  });
}

/** How far ∂L/∂z of the cross-entropy of 8 examples is from softmax(z) − t, in float32. */
async function identityError(): Promise<number> {
  const z = random.normal([8, 10], { std: 3, generator: new Generator(6) }).detach();
  const classes = tensor(Int32Array.of(0, 1, 2, 3, 4, 5, 6, 9));
  const [dz] = crossEntropy(z, classes, { reduction: "sum" }).gradient(z);
  return dz!
    .sub(z.softmax(1).sub(oneHot(classes, 10)))
    .abs()
    .max()
    .item();
}
