export { label, labelParameters } from "./trace/label.ts";
export type { NodeKind } from "./trace/graph.ts";
export {
  trace,
  type Traceable,
  type TracedInputs,
  type TraceInput,
  type TraceOptions,
  traceWith,
} from "./trace/trace.ts";
export type { LocalGradient, Trace, TraceNode, TraceSvgOptions } from "./trace/types.ts";
export type { Direction } from "./drawing/layout.ts";
export { activationChart, type ActivationChartOptions } from "./figures/activation-chart.ts";
export { type Bar, barChart, type BarChartOptions } from "./figures/bar-chart.ts";
export { type Confusion, confusionChart } from "./figures/confusion-chart.ts";
export {
  decisionBoundary,
  type DecisionBoundaryOptions,
  type LabelledPoints,
} from "./figures/decision-boundary.ts";
export { type Bin, binsOf, histogram, type HistogramOptions } from "./figures/histogram.ts";
export {
  imageGrid,
  type ImageGridOptions,
  type Picture,
  weightImages,
  type WeightImagesOptions,
} from "./figures/image-grid.ts";
export {
  lineChart,
  type LineChartOptions,
  type Reference,
  type Series,
  type SeriesMark,
} from "./figures/line-chart.ts";
export { lossCurves, type LossCurvesOptions, type LossHistory } from "./figures/loss-curves.ts";
export { panels, type PanelsOptions } from "./figures/panels.ts";
export type { AxisOptions, ChartOptions } from "./figures/plot.ts";
export { palette } from "./drawing/theme.ts";
export { layerChart, type LayerMeasure } from "./figures/layer-chart.ts";
export { type Finding, type FindingKind, type FindingOptions, findingsOf } from "./layers/findings.ts";
export {
  inspectLayers,
  type InspectOptions,
  type LayerReport,
  type LayerStatistics,
  type ParameterStatistics,
} from "./layers/inspect-layers.ts";
export {
  type EpochReport,
  layerMonitor,
  type LayerMonitor,
  type LayerMonitorOptions,
} from "./layers/layer-monitor.ts";
export { type Moments, momentsOf } from "./layers/moments.ts";
export { type ModelGraph, type ModelNode, traceModel } from "./model/trace-model.ts";
