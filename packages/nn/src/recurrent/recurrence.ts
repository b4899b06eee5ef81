import type { Tensor } from "@chainrule/core";

/** What tells one recurrent network from another: how a step makes the next state. */
export interface Recurrence {
  /** How many blocks of `hidden` rows the weights have. */
  readonly gates: number;
  /** How many tensors [N, hidden] a state is; the first is the output. */
  readonly states: number;
  /** From W_ih·x + b_ih and W_hh·h + b_hh, both [N, gates·hidden], and the state before. */
  readonly step: (fromInput: Tensor, fromState: Tensor, state: readonly Tensor[]) => readonly Tensor[];
  /**
   * Where only the sum of the two counts: the state that a first step from zeros makes of it. Both biases are then added
   * for all steps at once.
   */
  readonly first?: (sum: Tensor) => readonly Tensor[];
}

/** The gates [N, gates·hidden] apart. */
const apart = (x: Tensor, gates: number): Tensor[] => x.split(x.shape[1]! / gates, 1);

/** h′ = tanh(W_ih·x + b_ih + W_hh·h + b_hh), or with ReLU. Elman, "Finding structure in time", 1990. */
export const elman = (nonlinearity: "tanh" | "relu"): Recurrence => ({
  gates: 1,
  states: 1,
  step: (fromInput, fromState) => [fromInput.add(fromState)[nonlinearity]()],
  first: (sum) => [sum[nonlinearity]()],
});

/** The next state of an LSTM from its gates and the cell state before, null for zeros. */
function remember(gates: Tensor, cell: Tensor | null): readonly Tensor[] {
  const [i, f, g, o] = apart(gates, 4) as [Tensor, Tensor, Tensor, Tensor];
  const added = i.sigmoid().mul(g.tanh());
  const next = cell ? f.sigmoid().mul(cell).add(added) : added;
  return [o.sigmoid().mul(next.tanh()), next];
}

/**
 * c′ = σ(f)·c + σ(i)·tanh(g) and h′ = σ(o)·tanh(c′), the four gates stacked as i, f, g, o. Hochreiter and Schmidhuber,
 * "Long short-term memory", Neural Computation 9, 1997.
 */
export const lstm: Recurrence = {
  gates: 4,
  states: 2,
  step: (fromInput, fromState, [, cell]) => remember(fromInput.add(fromState), cell!),
  first: (sum) => remember(sum, null),
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
