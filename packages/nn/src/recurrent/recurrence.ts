import type { Tensor } from "@chainrule/core";

/** What tells one recurrent network from another: how a step makes the next state. */
export interface Recurrence {
  /** How many blocks of `hidden` rows the weights have. */
  readonly gates: number;
  /** How many tensors [N, hidden] a state is; the first is the output. */
  readonly states: number;
  /** From W_ih·x + b_ih and W_hh·h + b_hh, both [N, gates·hidden], and the state before. */
  step(fromInput: Tensor, fromState: Tensor, state: readonly Tensor[]): readonly Tensor[];
}

/** The gates [N, gates·hidden] apart. */
const apart = (x: Tensor, gates: number): Tensor[] => x.split(x.shape[1]! / gates, 1);

/** h′ = tanh(W_ih·x + b_ih + W_hh·h + b_hh), or with ReLU. Elman, "Finding structure in time", 1990. */
export const elman = (nonlinearity: "tanh" | "relu"): Recurrence => ({
  gates: 1,
  states: 1,
  step: (fromInput, fromState) => [fromInput.add(fromState)[nonlinearity]()],
});

/**
 * c′ = σ(f)·c + σ(i)·tanh(g) and h′ = σ(o)·tanh(c′), the four gates stacked as i, f, g, o. Hochreiter and Schmidhuber,
 * "Long short-term memory", Neural Computation 9, 1997.
 */
export const lstm: Recurrence = {
  gates: 4,
  states: 2,
  step: (fromInput, fromState, [, cell]) => {
    const [i, f, g, o] = apart(fromInput.add(fromState), 4) as [Tensor, Tensor, Tensor, Tensor];
    const next = f.sigmoid().mul(cell!).add(i.sigmoid().mul(g.tanh()));
    return [o.sigmoid().mul(next.tanh()), next];
  },
};

/**
 * h′ = (1 − z)·n + z·h with r, z = σ of their gates and n = tanh(W_in·x + b_in + r·(W_hn·h + b_hn)), stacked as r, z, n.
 * Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014.
 */
export const gru: Recurrence = {
  gates: 3,
  states: 1,
  step: (fromInput, fromState, [hidden]) => {
    const [xr, xz, xn] = apart(fromInput, 3) as [Tensor, Tensor, Tensor];
    const [hr, hz, hn] = apart(fromState, 3) as [Tensor, Tensor, Tensor];
    const n = xn.add(xr.add(hr).sigmoid().mul(hn)).tanh();
    return [n.add(xz.add(hz).sigmoid().mul(hidden!.sub(n)))];
  },
};
