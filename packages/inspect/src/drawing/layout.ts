import { Graph, layout } from "@dagrejs/dagre";
import { textWidth } from "../text.ts";
import type { DrawnBox, DrawnEdge, DrawnGraph } from "./graph.ts";

/** Which way arrows run. */
export type Direction = "right" | "down";

/** A point in pixels, y downwards. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A box with its centre and size. */
export interface PlacedBox extends DrawnBox, Point {
  readonly width: number;
  readonly height: number;
}

/** An arrow with its corners and the centre of its text. */
export interface PlacedEdge extends DrawnEdge {
  readonly points: readonly Point[];
  readonly label: Point | null;
}

/** A graph with a place for everything. */
export interface PlacedGraph {
  readonly boxes: readonly PlacedBox[];
  readonly edges: readonly PlacedEdge[];
  readonly width: number;
  readonly height: number;
}

/** Sizes in pixels. */
export const boxFont = 13;
export const edgeFont = 11.5;
export const lineHeight = 18;
const padding = 10;

/** Layers of boxes with few crossings, by Sugiyama's method. */
export function layOut({ boxes, edges }: DrawnGraph, direction: Direction): PlacedGraph {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: direction === "right" ? "LR" : "TB", nodesep: 22, edgesep: 14, ranksep: 38 });
  for (const { id, lines } of boxes) {
    const width = Math.max(
      ...lines.map(({ text, weight }) => textWidth(text, weight ? boxFont * 1.06 : boxFont)),
    );
    graph.setNode(id, { width: width + 2 * padding, height: lines.length * lineHeight + padding });
  }
  edges.forEach(({ from, to, text }, i) => {
    const size = text === "" ? {} : { width: textWidth(text, edgeFont) + 8, height: 16, labelpos: "c" };
    graph.setEdge(from, to, size, String(i));
  });
  layout(graph);
  const extent = graph.graph() as { width: number; height: number };
  return {
    width: extent.width,
    height: extent.height,
    boxes: boxes.map((box) => ({
      ...box,
      ...(graph.node(box.id) as Point & { width: number; height: number }),
    })),
    edges: edges.map((edge, i) => {
      const { points, x, y } = graph.edge(edge.from, edge.to, String(i)) as unknown as {
        points: Point[];
        x?: number;
        y?: number;
      };
      return { ...edge, points, label: x === undefined || y === undefined ? null : { x, y } };
    }),
  };
}
