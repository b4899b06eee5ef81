/** Okabe and Ito's palette, told apart with every kind of colour vision; the palest colours come last. */
export const palette: readonly string[] = [
  "#0072B2",
  "#D55E00",
  "#009E73",
  "#CC79A7",
  "#E69F00",
  "#56B4E9",
  "#4D4D4D",
  "#A6761D",
];

/** The colours of everything that is no data. */
export const colors = {
  background: "#FFFFFF",
  text: "#222222",
  muted: "#666666",
  rule: "#DDDDDD",
  border: "#8A8A8A",
  value: "#005B8F",
  gradient: "#B04A00",
  plainFill: "#FFFFFF",
  inputFill: "#E6F1F8",
  parameterFill: "#E5F5EE",
  constantFill: "#F2F2F2",
  resultFill: "#FFF4D6",
} as const;

/** Fonts, best first: whatever a reader has of them is about as wide. */
export const fontFamily = "Inter, 'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

/** Sizes in pixels. */
export const fontSizes = { title: 16, subtitle: 12.5, label: 13, tick: 12 } as const;

/** The colour of the n-th series. */
export const seriesColor = (index: number): string => palette[index % palette.length]!;
