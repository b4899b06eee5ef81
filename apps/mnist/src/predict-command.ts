import { readFile } from "node:fs/promises";
import { FormatError, tensor } from "@chainrule/core";
import { predict } from "@chainrule/train";
import { useBackend } from "./backend.ts";
import { drawBars, drawImage } from "./draw.ts";
import { readPng } from "./picture.ts";
import { print } from "./print.ts";
import { prepareDigit, side } from "./preprocess.ts";
import type { PredictSettings } from "./settings.ts";
import { defaultFolder, loadModel } from "./weights.ts";

/** Reads the digit in a picture and prints the ten probabilities. */
export async function predictCommand({ file, weights, backend }: PredictSettings): Promise<void> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new FormatError(`${file}: cannot be read (${cause.code ?? cause.message})`, { cause });
  });
  const digit = prepareDigit(readPng(bytes, file), file);
  await useBackend(backend);
  const { model, inputs } = await loadTrained(weights);
  if (inputs !== digit.length) {
    throw new FormatError(`${weights}: this network reads images of ${inputs} pixels, not ${side}×${side}`);
  }
  const logits = await predict(model, tensor(digit, { shape: [1, digit.length] }));
  const probabilities = await logits.softmax(1).data();
  const best = probabilities.indexOf(Math.max(...probabilities));
  print(`as the network sees it:\n\n${drawImage({ width: side, height: side, pixels: digit }).join("\n")}\n`);
  print(drawBars(probabilities).join("\n"));
  print(`\nthis is a ${best} (${(100 * probabilities[best]!).toFixed(1)} %)`);
}

async function loadTrained(path: string): ReturnType<typeof loadModel> {
  try {
    return await loadModel(path);
  } catch (error) {
    const { cause } = error as { cause?: NodeJS.ErrnoException };
    if (cause?.code !== "ENOENT" || !path.startsWith(defaultFolder)) throw error;
    throw new FormatError(
      `${path}: there are no weights yet; train first with \`pnpm mnist\`, or give --weights`,
      {
        cause: error,
      },
    );
  }
}
