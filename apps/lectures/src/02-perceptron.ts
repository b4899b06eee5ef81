// A hard threshold learns from its mistakes alone: on separable data it stops making them, on XOR it never does.
import { tensor } from "@chainrule/core";
import { linearlySeparable } from "@chainrule/data";
import { novikoffBound, Perceptron } from "@chainrule/estimators";
import { decisionBoundary, lineChart } from "@chainrule/inspect";
import { atLeast, atMost, exactly, judged, type Result } from "./result.ts";

export async function perceptron(seed = 2): Promise<Result> {
  // 200 points on both sides of a known line, none nearer to it than 0.1.
  const { dataset, weight, bias } = linearlySeparable({ count: 200, margin: 0.1, seed });
  const { x, y } = dataset.columns;
  const points = tensor(x.data, { shape: [200, 2] });
  const labels = Array.from(y.data);
  const learner = await new Perceptron({ seed }).fit(points, labels);
  const bound = await novikoffBound(points, labels, { weights: weight, bias });

  const corners = [[0, 0], [0, 1], [1, 0], [1, 1]]; // prettier-ignore
  const xor = [0, 1, 1, 0];
  const stuck = await new Perceptron({ maxIter: 500, seed }).fit(corners, xor);

  const shown = Array.from({ length: 30 }, (_, i) => i + 1);
  const mistakes = ({ mistakesPerPass }: Perceptron) => ({
    x: shown,
    // Once a pass brings none, no other does.
    y: shown.map((pass) => mistakesPerPass[pass - 1] ?? 0),
    mark: "both" as const,
  });
  return judged({
    checks: [
      atMost("mistakes until none is made, against Novikoff's (R/γ)²", learner.mistakes, bound),
      exactly("accuracy on the separable data", await learner.score(points, labels), 1),
      atLeast("fewest mistakes in any of 500 passes over XOR", Math.min(...stuck.mistakesPerPass), 1),
      atMost("accuracy on XOR, where no line has more than", await stuck.score(corners, xor), 0.75),
    ],
    notes: [{ name: "passes over the separable data", value: learner.nIter }],
    figures: [
      await decisionBoundary(
        (p) => learner.decisionFunction(p),
        { x: x.data, y: labels },
        { title: "What the perceptron learned", subtitle: "200 points, margin 0.1; shade: σ(w·x + b)" },
      ),
      lineChart(
        [
          { name: "separable (200 points)", ...mistakes(learner) },
          { name: "XOR (4 points)", ...mistakes(stuck) },
        ],
        { title: "Mistakes per pass", x: { label: "pass over the data" }, y: { label: "mistakes" } },
      ),
    ],
  });
}
