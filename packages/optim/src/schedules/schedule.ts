/**
 * What a base learning rate is multiplied by at a step, or an epoch, counted from 0: a pure function, so that any
 * point of a run can be asked for, drawn or resumed.
 */
export type Schedule = (step: number) => number;
