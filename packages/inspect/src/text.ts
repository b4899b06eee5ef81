/** Numbers as figures and tables show them: four significant digits, powers of ten outside 0.001 … 99,999. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size === 0) return "0";
  const text =
    size < 1e-3 || size >= 1e5 ? formatPower(size) : String(Number(size.toPrecision(size >= 1e4 ? 5 : 4)));
  return value < 0 ? `−${text}` : text;
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function formatPower(size: number): string {
  const [digits, exponent] = size.toExponential(2).split("e") as [string, string];
  const raised = String(Math.abs(Number(exponent))).replaceAll(/./g, (digit) => superscripts[Number(digit)]!);
  const power = `10${Number(exponent) < 0 ? "⁻" : ""}${raised}`;
  const factor = String(Number(digits));
  return factor === "1" ? power : `${factor}·${power}`;
}

/** Elements in brackets, nested by shape; the shape alone where there are more than `most`. */
export function formatArray(values: ArrayLike<number>, shape: readonly number[], most: number = 6): string {
  if (shape.length === 0) return formatNumber(values[0]!);
  if (values.length > most) return `[${shape.join("×")}]`;
  const write = (axis: number, start: number, size: number): string => {
    if (axis === shape.length) return formatNumber(values[start]!);
    const length = shape[axis]!;
    const inner = size / Math.max(length, 1);
    const parts = Array.from({ length }, (_, i) => write(axis + 1, start + i * inner, inner));
    return `[${parts.join(", ")}]`;
  };
  return write(0, 0, values.length);
}

/** A share as a percentage: "37.5 %". */
export const formatShare = (share: number): string => `${Number((100 * share).toFixed(1))} %`;

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for an XML element or attribute; characters that XML does not have are left out. */
export const escapeXml = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\P{Cc}]|\ufffe|\uffff/gu, "")
    .replaceAll(/[&<>"']/g, (mark) => escapes[mark]!);

const narrow = new Set("ijl.,:;'|!()[]{}ft/ 1Ir·⁰¹²³⁴⁵⁶⁷⁸⁹⁻");
const wide = new Set("mwMW@%—…=+−<>≤≥∂");

/** The width of text in pixels, never less than the widest of the theme's fonts needs. */
export function textWidth(text: string, fontSize: number): number {
  let ems = 0;
  for (const mark of text)
    ems += narrow.has(mark) ? 0.45 : wide.has(mark) ? 0.95 : mark >= "A" && mark <= "Z" ? 0.75 : 0.64;
  return ems * fontSize;
}
