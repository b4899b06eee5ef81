// A neuron adds up weighted inputs until it fires: the stronger the sum, the higher its firing rate.
import { compile, linspace, stack, tensor, Variable, where, zeros } from "@chainrule/core";
import { lineChart } from "@chainrule/inspect";
import { atMost, exactly, judged, type Result } from "./result.ts";

/** Membrane: resistance in MΩ, capacitance in nF, and the voltage in mV at which it fires and goes back to 0. */
const [R, C, threshold] = [10, 2, 15];
const tau = R * C; // ms
const rheobase = threshold / R; // nA: a weaker current never charges the membrane to the threshold
const [dt, duration] = [0.02, 1000]; // ms

/** Spikes a second that the solution of C dV/dt = I − V/R gives: the time from 0 to the threshold, inverted. */
const closedForm = (current: number): number =>
  current <= rheobase ? 0 : 1000 / (tau * Math.log((R * current) / (R * current - threshold)));

export async function integrateAndFire(): Promise<Result> {
  // Sixty neurons at once, each with two inputs x, firing at rates of up to 100 % of their own: I = w·x.
  const neurons = 60;
  const x = stack([linspace(0, 1, neurons), linspace(0, 1, neurons)], 1).cast("float64");
  const w = tensor(Float64Array.of(3, 1.5)); // nA
  const current = x.matmul(w);

  const state = (value: number) => new Variable(zeros([neurons], { dtype: "float64" }).add(value));
  const [V, first, last, spikes, time] = [state(0), state(-1), state(-1), state(0), state(0)];
  const step = compile(() => {
    const charged = V.add(current.sub(V.div(R)).mul(dt / C));
    const now = time.add(dt);
    const fires = charged.greaterEqual(threshold);
    V.assign(where(fires, 0, charged));
    first.assign(where(fires.logicalAnd(spikes.equal(0)), now, first));
    last.assign(where(fires, now, last));
    spikes.assign(spikes.add(fires.cast("float64")));
    time.assign(now);
  });
  for (let i = 0; i < duration / dt; i++) step();

  // Spikes between the first and the last, over the time between them.
  const rates = Array.from(
    await where(spikes.greater(1), spikes.sub(1).div(last.sub(first)).mul(1000), 0).data(),
  );
  const currents = Array.from(await current.data());
  const expected = currents.map(closedForm);
  const firing = currents.map((_, i) => i).filter((i) => expected[i]! > 0);
  const silent = rates.filter((rate, i) => expected[i] === 0 && rate === 0).length;
  const worst = Math.max(...firing.map((i) => Math.abs(rates[i]! / expected[i]! - 1)));
  const fine = Array.from({ length: 901 }, (_, i) => i / 200);
  return judged({
    checks: [
      exactly("neurons below the rheobase that stay silent", silent, neurons - firing.length),
      atMost("largest relative error of the rate above it", worst, 0.01),
    ],
    notes: [{ name: "rheobase", value: `${rheobase} nA` }],
    figures: [
      lineChart(
        [
          { name: "1 / (τ ln(RI / (RI − V_th)))", x: fine, y: fine.map(closedForm) },
          { name: "simulated", x: currents, y: rates, mark: "points" },
        ],
        {
          title: "Firing rate of an integrate-and-fire neuron",
          subtitle: `R = ${R} MΩ, C = ${C} nF, threshold ${threshold} mV; 1 s in steps of ${dt} ms`,
          x: { label: "input current w·x (nA)" },
          y: { label: "rate (spikes / s)" },
          references: [{ x: rheobase, label: "rheobase" }],
        },
      ),
    ],
  });
}
