// A pattern may be anywhere in an image: the same few weights look for it everywhere, and pooling forgets where it was.
import { random, tensor, type Tensor } from "@chainrule/core";
import { DataLoader } from "@chainrule/data";
import { mnistFromPackage } from "@chainrule/data/node";
import { confusionChart, imageGrid, lineChart, panels } from "@chainrule/inspect";
import * as nn from "@chainrule/nn";
import { Adam, oneCycle } from "@chainrule/optim";
import { fit, predict } from "@chainrule/train";
import { computedOn } from "./backend.ts";
import { smoothed } from "./curve.ts";
import { atLeast, atMost, exactly, judged, type Result } from "./result.ts";

const [side, epochs, batchSize] = [28, 3, 64];

export async function convolutionalNetworks(): Promise<Result> {
  // LeNet-5 with rectifiers, the largest of each window and batch normalisation; Adam, its rate up to 0.004 and down.
  random.seed(1);
  const [first, second] = [new nn.Conv2d(1, 6, 5, { padding: 2 }), new nn.Conv2d(6, 16, 5)];
  const model = new nn.Sequential(
    new nn.Sequential(first, new nn.BatchNorm2d(6), new nn.ReLU()),
    new nn.MaxPool2d(2),
    new nn.Sequential(second, new nn.BatchNorm2d(16), new nn.ReLU()),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(400, 120),
    new nn.ReLU(),
    new nn.Linear(120, 84),
    new nn.ReLU(),
    new nn.Linear(84, 10),
  );
  const mnist = await mnistFromPackage(import.meta.url, { flat: false });
  const batches = new DataLoader(mnist.train, { batchSize, shuffle: true, seed: 1 });
  const losses: number[] = [];
  const history = await fit(model, batches, {
    loss: nn.crossEntropy,
    optimizer: new Adam({ lr: 4e-3 }),
    schedule: oneCycle(epochs * batches.length, { rise: 0.2 }),
    epochs,
    callbacks: [{ onStepEnd: ({ loss }) => losses.push(loss) }],
  });

  const labels = mnist.test.columns.y.data;
  const answers = await (await predict(model, mnist.test)).argmax(1).data();
  const confusion = nn.confusionMatrix(answers, labels, 10);
  const eight = tensor(mnist.test.get(labels.indexOf(8)).x.data, { shape: [1, 1, side, side] });
  return judged({
    checks: [
      atLeast("accuracy on MNIST's 10,000 test images", confusion.accuracy, 0.99),
      exactly("weights that the first layer has for its 28 × 28 places", first.weight.size, 6 * 5 * 5),
      atMost(
        "an image moved by 3 pixels has its maps moved: difference",
        await equivariance(first, eight),
        1e-5,
      ),
    ],
    notes: [
      { name: "weights that a dense first layer would have", value: 6 * side ** 4 },
      { name: "seconds an epoch", value: history.epochs[0]!.seconds },
      computedOn(),
    ],
    figures: [
      await featureMaps(model.eval(), eight),
      panels(
        [
          await filters(first, "The first layer's 6 filters"),
          await filters(second, "The second's 16: a column for each, a row for each map that it reads"),
        ],
        { columns: 1, title: "What LeNet looks for" },
      ),
      lineChart([smoothed(losses, window)], {
        title: "Training LeNet on MNIST",
        subtitle: `means of ${window} steps of ${batchSize} images`,
        x: { label: "step" },
        y: { label: "loss", log: true },
        width: 480,
      }),
      confusionChart(confusion, { title: "What LeNet reads", subtitle: "10,000 test images" }),
    ],
  });
}

/** How far the maps of an image that is moved by 3 pixels are from the maps moved, away from the edges. */
async function equivariance(layer: nn.Conv2d, image: Tensor): Promise<number> {
  const [all, margin] = [null, [0, 0]] as const;
  const kept = image.slice(all, all, [0, side - 3], [0, side - 3]);
  const moved = layer.forward(kept.pad([margin, margin, [3, 0], [3, 0]]));
  const still = layer.forward(image);
  const difference = moved.slice(all, all, [6, -6], [6, -6]).sub(still.slice(all, all, [3, -9], [3, -9]));
  return difference.abs().max().item();
}

/** What each stage of convolutions and pooling makes of an image: a row of pictures for each. */
async function featureMaps(model: nn.Sequential, image: Tensor): Promise<string> {
  const names = ["convolution, normalisation and ReLU", "the largest of 2 × 2"];
  const rows = [
    imageGrid([{ data: await image.data(), height: side, width: side }], {
      colors: "ink",
      range: "each",
      columns: 1,
    }),
  ];
  let x = image;
  for (let i = 0; i < 4; i++) {
    x = model.at(i).forward(x);
    const [, maps, height, width] = x.shape as [number, number, number, number];
    const data = await x.data();
    const size = height * width;
    const pictures = Array.from({ length: maps }, (_, map) => ({
      data: data.subarray(map * size, (map + 1) * size),
      height,
      width,
    }));
    const title = `${names[i % 2]}: ${maps} maps of ${height} × ${width}`;
    rows.push(
      imageGrid(pictures, { title, columns: maps, colors: "ink", range: "each", size: maps === 6 ? 84 : 44 }),
    );
  }
  return panels(rows, {
    columns: 1,
    title: "An eight on its way through LeNet",
    subtitle: "each picture from its smallest value (white) to its largest (black)",
  });
}

/** A layer's weights [out, in, 5, 5] as pictures: a column for each filter, a row for each map that it reads. */
async function filters({ weight }: nn.Conv2d, title: string): Promise<string> {
  const [out, inputs, height, width] = weight.shape as [number, number, number, number];
  const data = await weight.transpose(0, 1).data();
  const size = height * width;
  const pictures = Array.from({ length: out * inputs }, (_, i) => ({
    data: data.subarray(i * size, (i + 1) * size),
    height,
    width,
  }));
  return imageGrid(pictures, { title, columns: out, colors: "signed", size: inputs === 1 ? 84 : 44 });
}

/** Steps whose losses make one point of the curve. */
const window = 50;
