import { Variable } from "@chainrule/core";

/** A variable that training changes: what `parameters()` lists. */
export class Parameter extends Variable {}

/** A variable that belongs to a module's state without being trained, such as a running mean. */
export class Buffer extends Variable {}
