// A net with one hidden layer reads handwritten digits: what it looks for, and how a picture becomes an answer.
import { random, tensor } from "@chainrule/core";
import { DataLoader } from "@chainrule/data";
import { mnistFromPackage } from "@chainrule/data/node";
import { imageGrid, inspectLayers, lossCurves, type Picture, weightImages } from "@chainrule/inspect";
import { crossEntropy, Linear, observeForward, ReLU, Sequential } from "@chainrule/nn";
import { Adam, cosine } from "@chainrule/optim";
import { fit } from "@chainrule/train";
import { atLeast, exactly, judged, type Result } from "./result.ts";

export async function digits(): Promise<Result> {
  // The recipe: 784-128-10, 5 epochs of Adam in batches of 64, its rate falling from 0.006 to 0 along a cosine.
  random.seed(1);
  const mnist = await mnistFromPackage(import.meta.url);
  const hidden = new Linear(784, 128);
  const model = new Sequential(hidden, new ReLU(), new Linear(128, 10));
  const batches = new DataLoader(mnist.train, { batchSize: 64, shuffle: true, seed: 1 });
  const history = await fit(model, batches, {
    loss: crossEntropy,
    optimizer: new Adam({ lr: 6e-3 }),
    schedule: cosine(5 * batches.length),
    epochs: 5,
    validation: mnist.test,
  });
  const { testAccuracy } = history.epochs.at(-1)!;
  const [batch] = new DataLoader(mnist.test, { batchSize: 2000 });
  const report = await inspectLayers(model, { ...batch!, loss: crossEntropy });
  const dead = report.layers.find(({ layer }) => layer === "ReLU")!.deadUnits!;

  // The first test images of a 3, a 7 and an 8, carried through the net layer by layer.
  const labels = mnist.test.columns.y.data;
  const pictures = await Promise.all([3, 7, 8].map((digit) => carried(labels.indexOf(digit))));
  async function carried(index: number): Promise<Picture[]> {
    const { data } = mnist.test.get(index).x;
    const stages: Picture[] = [{ data, height: 28, width: 28, label: `input: a ${labels[index]}` }];
    const read: Promise<void>[] = [];
    const stop = observeForward(model, ({ name, module, output }) => {
      if (name === "") return;
      const [height, width] = name === "2" ? [2, 5] : [8, 16];
      const values = output as ReturnType<typeof model.forward>;
      const label = `${module.constructor.name} ${name}: ${height} × ${width}`;
      read.push(values.data().then((data) => void stages.push({ data, height, width, label })));
    });
    const logits = model.forward(tensor(data, { shape: [1, 784] }));
    stop();
    await Promise.all(read);
    const probabilities = await logits.softmax(-1).data();
    const answer = probabilities.indexOf(Math.max(...probabilities));
    const label = `softmax: ${answer}, ${(100 * probabilities[answer]!).toFixed(1)} %`;
    return [...stages, { data: probabilities, height: 2, width: 5, label }];
  }
  return judged({
    checks: [
      atLeast("accuracy on MNIST's 10,000 test images", testAccuracy!, 0.98),
      exactly("stages of each carried image", pictures[0]!.length, 5),
    ],
    notes: [
      { name: "hidden units that no test image switches on: blank pictures", value: dead },
      { name: "seconds an epoch", value: history.epochs[0]!.seconds },
    ],
    figures: [
      imageGrid(pictures.flat(), {
        title: "Three images on their way through the net",
        subtitle:
          "each stage from its smallest value (white) to its largest (black); outputs in rows 0–4 and 5–9",
        columns: 5,
        colors: "ink",
        range: "each",
        size: 130,
      }),
      await weightImages(hidden.weight, {
        height: 28,
        width: 28,
        units: 128,
        columns: 16,
        size: 52,
        range: [-0.8, 0.8],
        title: "What the 128 hidden units look for",
        subtitle: "first-layer weights as 28 × 28 pictures",
      }),
      lossCurves(history, { title: "Training on MNIST", x: { ticks: [1, 2, 3, 4, 5] } }),
    ],
  });
}
