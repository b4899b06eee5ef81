/** A line of text in a box. */
export interface DrawnLine {
  readonly text: string;
  readonly color?: string;
  readonly weight?: "bold";
}

/** A node with what is written in it. */
export interface DrawnBox {
  readonly id: string;
  readonly lines: readonly DrawnLine[];
  readonly fill: string;
}

/** An arrow between two boxes. */
export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  /** Written beside it; "" for nothing. */
  readonly text: string;
}

/** A directed graph before it is laid out. */
export interface DrawnGraph {
  readonly boxes: readonly DrawnBox[];
  readonly edges: readonly DrawnEdge[];
}
