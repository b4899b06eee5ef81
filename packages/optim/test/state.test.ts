import { FormatError, tensor, zeros } from "@chainrule/core";
import { Adam, SGD, type OptimizerState } from "@chainrule/optim";
import { describe, expect, test } from "vitest";
import { batch, network, rules, valuesOf, variable } from "./setup.ts";

/** As a file would hold it: the tensors' elements, the numbers as JSON. */
async function copyOf({ tensors, numbers }: OptimizerState): Promise<OptimizerState> {
  const copies = Object.entries(tensors).map(async ([name, value]) => {
    return [name, tensor(await value.data(), { shape: [...value.shape] })] as const;
  });
  return {
    tensors: Object.fromEntries(await Promise.all(copies)),
    numbers: JSON.parse(JSON.stringify(numbers)),
  };
}

describe.each(rules)("%s", (_, make) => {
  test("goes on from its saved state as if it had not stopped", async () => {
    const whole = network();
    const optimizer = make();
    for (let i = 0; i < 3; i++) await optimizer.minimize(whole.loss(...batch(i)), whole.parameters);
    optimizer.lr = 0.03;

    const resumed = network();
    for (const [i, parameter] of resumed.parameters.entries()) {
      parameter.assign(tensor(await whole.parameters[i]!.data(), { shape: [...parameter.shape] }));
    }
    const fresh = make();
    const state = await copyOf(optimizer.stateDict());
    fresh.loadStateDict(state);
    expect(fresh.stateDict()).toEqual(state);
    for (let i = 3; i < 6; i++) {
      await optimizer.minimize(whole.loss(...batch(i)), whole.parameters);
      await fresh.minimize(resumed.loss(...batch(i)), resumed.parameters);
    }
    expect(fresh.lr).toBe(0.03);
    expect(await valuesOf(resumed.parameters)).toEqual(await valuesOf(whole.parameters));
    expect(fresh.stateDict().numbers).toEqual(optimizer.stateDict().numbers);
  });

  test("goes back to a saved state", async () => {
    const { parameters, loss } = network();
    const optimizer = make();
    await optimizer.minimize(loss(...batch(0)), parameters);
    const [weights, state] = [await valuesOf(parameters), await copyOf(optimizer.stateDict())];
    const runOn = async (): Promise<number[][]> => {
      await optimizer.minimize(loss(...batch(1)), parameters);
      return valuesOf(parameters);
    };
    const expected = await runOn();
    for (const [i, parameter] of parameters.entries()) {
      parameter.assign(tensor(Float32Array.from(weights[i]!), { shape: [...parameter.shape] }));
    }
    optimizer.loadStateDict(state);
    expect(await runOn()).toEqual(expected);
  });

  test("moves to a backend", async () => {
    const { parameters, loss } = network();
    const optimizer = make();
    await optimizer.minimize(loss(...batch(0)), parameters);
    expect(await optimizer.to("cpu")).toBe(optimizer);
    await optimizer.minimize(loss(...batch(1)), parameters);
    for (const value of Object.values(optimizer.stateDict().tensors)) expect(value.backend).toBe("cpu");
  });
});

test("state is named by parameter and slot", async () => {
  const adam = new Adam({ lr: 0.1, amsgrad: true });
  expect(adam.stateDict()).toEqual({ tensors: {}, numbers: { lr: 0.1 } });
  await adam.step([variable(1), variable(2)], [variable(1), variable(1)]);
  const { tensors, numbers } = adam.stateDict();
  expect(Object.keys(tensors)).toEqual(
    ["0", "1"].flatMap((i) => ["expAvg", "expAvgSq", "maxExpAvgSq"].map((slot) => `${i}.${slot}`)),
  );
  expect(numbers).toEqual({ lr: 0.1, "0.step": 1, "1.step": 1 });
});

test("a state that does not fit is refused whole, with all that is wrong", async () => {
  const p = variable(1, 2);
  const adam = new Adam();
  await adam.step([p], [variable(1, 1)]);
  const before = await copyOf(adam.stateDict());
  const bad = { tensors: { "0.expAvg": zeros([3]) }, numbers: { lr: 1 } };
  expect(() => adam.loadStateDict(bad)).toThrow(FormatError);
  expect(() => adam.loadStateDict(bad)).toThrow(
    "nothing was loaded: 0.step is missing; 0.expAvg is float32 [3], not float64 [2]; 0.expAvgSq is missing",
  );
  expect(() => new SGD().loadStateDict({ tensors: {}, numbers: {} })).toThrow("lr is missing");
  expect(await copyOf(adam.stateDict())).toEqual(before);
});

test("a loaded state that does not fit the parameters is refused when they come", async () => {
  const adam = new Adam();
  adam.loadStateDict({
    tensors: { "0.expAvg": zeros([3]), "0.expAvgSq": zeros([3]) },
    numbers: { lr: 1e-3, "0.step": 4 },
  });
  expect(() => adam.update([variable(1, 2)], [variable(1, 1)])).toThrow(
    "0.expAvg is float32 [3], not float64 [2]",
  );
});
