import { DOMParser } from "linkedom";

/** What tests ask of an element; linkedom's own types need those of a browser. */
export interface Element {
  readonly textContent: string;
  readonly parentElement: Element | null;
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<Element> & { readonly length: number };
}

/** The tags of XML, matched by hand, since the parser at hand forgives everything. */
function expectBalanced(svg: string): void {
  const open: string[] = [];
  for (const [, close, name, , self] of svg.matchAll(/<(\/?)([\w:]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g)) {
    if (close) {
      const last = open.pop();
      if (last !== name) throw new Error(`</${name}> closes <${last}>`);
    } else if (!self) open.push(name!);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)}> is not closed`);
  const stray = svg.replaceAll(/<(\/?)([\w:]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g, "");
  if (/[<]/.test(stray))
    throw new Error(`a stray "<" before ${stray.slice(stray.indexOf("<"), stray.indexOf("<") + 60)}`);
  if (/&(?!amp;|lt;|gt;|quot;|#\d+;|#x[\da-f]+;|apos;|nbsp;)/i.test(svg)) throw new Error("a stray &");
  if (/NaN|undefined/.test(svg.replaceAll(/<text[\s\S]*?<\/text>|aria-label="[^"]*"/g, "")))
    throw new Error("NaN or undefined");
}

/** The document of a figure. Throws where tags are not balanced or a number is none. */
export function parseSvg(svg: string): Element {
  expectBalanced(svg);
  return new DOMParser().parseFromString(svg, "image/svg+xml") as unknown as Element;
}

/** What is written in a figure. */
export const texts = (svg: string): string[] =>
  [...parseSvg(svg).querySelectorAll("text")].flatMap((text) => {
    const parts = text.querySelectorAll("text, tspan");
    return parts.length > 0 ? [...parts].map((part) => part.textContent) : [text.textContent];
  });

/** An attribute of all elements of a kind that have it. */
export const attributes = (svg: string, element: string, name: string): string[] =>
  [...parseSvg(svg).querySelectorAll(element)].flatMap((found) => found.getAttribute(name) ?? []);

/** The corners of the lines of a colour, one list for each unbroken stretch. */
export function pathPoints(svg: string, color: string): number[][][] {
  return [...parseSvg(svg).querySelectorAll("path, g[stroke] > path")]
    .filter((path) => {
      const own = path.getAttribute("stroke") ?? path.parentElement?.getAttribute("stroke");
      return own === color && path.getAttribute("d");
    })
    .flatMap((path) =>
      path
        .getAttribute("d")!
        .split("M")
        .filter(Boolean)
        .map((part) =>
          [...part.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]),
        ),
    );
}
