/** What has a learning rate: an optimiser, and its groups. */
export interface Rated {
  lr: number;
  readonly groups?: readonly RatedGroup[];
}

/** A group, which follows the optimiser's rate unless it has one of its own. */
export interface RatedGroup {
  lr: number;
  readonly own: { readonly lr?: number };
}

/** All that must be scaled for every parameter's rate to be: the optimiser, and the groups with rates of their own. */
export const ratesOf = (optimizer: Rated): { lr: number }[] => [
  optimizer,
  ...(optimizer.groups ?? []).filter(({ own }) => own.lr !== undefined),
];
