import { textWidth } from "../text.ts";
import { frame, type FrameOptions, px, textAt } from "./frame.ts";
import type { DrawnGraph } from "./graph.ts";
import {
  boxFont,
  type Direction,
  edgeFont,
  layOut,
  lineHeight,
  type PlacedBox,
  type PlacedEdge,
  type Point,
} from "./layout.ts";
import { colors } from "./theme.ts";

/** A directed graph as an SVG document. */
export function graphToSvg(
  graph: DrawnGraph,
  options: FrameOptions & { readonly direction: Direction },
): string {
  const { boxes, edges, width, height } = layOut(graph, options.direction);
  const body = [...edges.map(arrow), ...edges.map(edgeLabel), ...boxes.map(box)].join("");
  return frame(body, width, height, options);
}

function box({ x, y, width, height, lines, fill }: PlacedBox): string {
  const top = y - ((lines.length - 1) * lineHeight) / 2;
  const text = lines.map(({ text: line, color, weight }, i) =>
    textAt(x, top + i * lineHeight, line, {
      size: boxFont,
      anchor: "middle",
      ...(color ? { color } : {}),
      ...(weight ? { weight } : {}),
    }),
  );
  return (
    `<g><rect x="${px(x - width / 2)}" y="${px(y - height / 2)}" width="${px(width)}" height="${px(height)}" rx="6" ` +
    `fill="${fill}" stroke="${colors.border}"/>${text.join("")}</g>`
  );
}

/** Half a head's width, and its length. */
const [headWidth, headLength] = [4, 8];

function arrow({ points }: PlacedEdge): string {
  const end = points.at(-1)!;
  const before = points.at(-2)!;
  const length = Math.hypot(end.x - before.x, end.y - before.y) || 1;
  const along = { x: (end.x - before.x) / length, y: (end.y - before.y) / length };
  const base = { x: end.x - along.x * headLength, y: end.y - along.y * headLength };
  const corner = (side: number): string =>
    `${px(base.x - side * along.y * headWidth)},${px(base.y + side * along.x * headWidth)}`;
  return (
    `<path d="${smooth([...points.slice(0, -1), base])}" fill="none" stroke="${colors.border}" stroke-width="1.3"/>` +
    `<path d="M${px(end.x)},${px(end.y)}L${corner(1)}L${corner(-1)}Z" fill="${colors.border}"/>`
  );
}

/** A path through the middles of all segments, bent at the points between. */
function smooth(points: readonly Point[]): string {
  const at = ({ x, y }: Point): string => `${px(x)},${px(y)}`;
  const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const inner = points.slice(1, -1).map((point, i) => `Q${at(point)} ${at(middle(point, points[i + 2]!))}`);
  return `M${at(points[0]!)}L${at(middle(points[0]!, points[1]!))}${inner.join("")}L${at(points.at(-1)!)}`;
}

function edgeLabel({ text, label }: PlacedEdge): string {
  if (text === "" || label === null) return "";
  const width = textWidth(text, edgeFont);
  return (
    `<rect x="${px(label.x - width / 2 - 2)}" y="${px(label.y - 8)}" width="${px(width + 4)}" height="16" ` +
    `fill="${colors.background}" fill-opacity="0.85"/>` +
    textAt(label.x, label.y, text, { size: edgeFont, color: colors.muted, anchor: "middle" })
  );
}
