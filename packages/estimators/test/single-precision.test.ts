import { createCpu } from "@chainrule/backend-cpu";
import { type Backend, registerBackend, setBackend } from "@chainrule/core";
import {
  LinearRegression,
  LogisticRegression,
  MLPClassifier,
  Perceptron,
  Pipeline,
  PolynomialFeatures,
  SoftmaxRegression,
} from "@chainrule/estimators";
import { expectClose } from "@chainrule/testkit";
import { beforeAll, expect, test } from "vitest";
import { clouds, rows } from "./setup.ts";

/** The CPU backend as a GPU would be: no float64, and elements that can only be awaited. */
function single(): Backend {
  const cpu: Backend = createCpu();
  const { maxOutputs, maxElements } = cpu.capabilities;
  return {
    name: "single",
    mode: "float32 only",
    threads: 1,
    capabilities: {
      dtypes: ["float32", "int32", "uint8", "bool"],
      synchronousReads: false,
      maxOutputs,
      maxElements,
    },
    alloc: (length, dtype) => cpu.alloc(length, dtype),
    free: (buffer) => cpu.free(buffer),
    write: (buffer, data) => cpu.write(buffer, data),
    read: (buffer) => cpu.read(buffer),
    compile: (kernel) => cpu.compile(kernel),
    run: (executable, buffers) => cpu.run(executable, buffers),
    dispose: () => cpu.dispose(),
  };
}

beforeAll(async () => {
  registerBackend({ name: "single", create: async () => single() });
  await setBackend("single");
});

test("linear models and networks fit where there is no float64 and no synchronous read", async () => {
  const x = rows(1, 40, 2);
  const y = x.map(([a, b]) => 3 * a! - b! + 0.5);
  for (const solver of ["qr", "gradientDescent"] as const) {
    const model = await new LinearRegression({ solver, tol: 1e-6 }).fit(x, y);
    expect(model.coef.dtype).toBe("float32");
    expect(model.coef.backend).toBe("single");
    await expectClose(model.coef, [3, -1], { rtol: 0, atol: 1e-4 });
  }
  const two = clouds(
    1,
    [
      [-2, 0],
      [2, 0.5],
    ],
    30,
  );
  const models = [
    new LogisticRegression(),
    new LogisticRegression({ solver: "newton" }),
    new SoftmaxRegression(),
    new Perceptron({ maxIter: 30 }),
    new MLPClassifier({ hiddenLayerSizes: [4], maxIter: 60, learningRateInit: 0.05 }),
    new Pipeline(new PolynomialFeatures(), new LogisticRegression()),
  ];
  for (const model of models) {
    await model.fit(two.x, two.y);
    expect(await model.score(two.x, two.y), model.constructor.name).toBeGreaterThan(0.9);
  }
});
