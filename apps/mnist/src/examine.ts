import { type ConfusionMatrix, confusionMatrix } from "@chainrule/nn";
import { predict } from "@chainrule/train";
import { drawMisread } from "./misread.ts";
import { formatCount, print } from "./print.ts";
import type { Task } from "./task.ts";

/** What the network reads in the test images. */
export interface Examination {
  readonly confusion: ConfusionMatrix;
  readonly predicted: ArrayLike<number>;
}

/** Reads all test images. */
export async function examine({ model, test, mnist }: Task): Promise<Examination> {
  const logits = await predict(model, test);
  const predicted = await logits.argmax(1).data();
  const labels = mnist.test.columns.y.data.subarray(0, test.length);
  return { confusion: confusionMatrix(predicted, labels, 10), predicted };
}

/** Prints the confusion matrix and draws some of the digits that were misread. */
export function showExamination({ confusion, predicted }: Examination, { mnist }: Task): void {
  print(`\n${String(confusion)}\n`);
  const wrong = Math.round(confusion.total * (1 - confusion.accuracy));
  if (wrong > 0) {
    print(`${wrong === 1 ? "the one misread digit" : `some of the ${formatCount(wrong)} misread digits`}:\n`);
    const columns = process.stdout.columns ?? 80;
    print(`${drawMisread(mnist, predicted, { count: 6, columns }).join("\n")}\n`);
  }
  print(`test accuracy ${(100 * confusion.accuracy).toFixed(2)} % of ${formatCount(confusion.total)} images`);
}
