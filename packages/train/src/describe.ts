import type { BackendInfo, EpochRecord } from "./history.ts";

/** "backend cpu · codegen · 1 thread" */
export function describeBackend({ name, mode, threads }: BackendInfo): string {
  return `backend ${name} · ${mode} · ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

/** "epoch 1/5 · train loss 0.2571 · test loss 0.1373 · test accuracy 95.91 % · 4.1 s", without what was not measured. */
export function describeEpoch(record: EpochRecord, epochs: number): string {
  const { epoch, trainLoss, testLoss, testAccuracy, metrics, seconds } = record;
  const parts = [`epoch ${epoch}/${epochs}`, `train loss ${trainLoss.toFixed(4)}`];
  if (testLoss !== null) parts.push(`test loss ${testLoss.toFixed(4)}`);
  if (testAccuracy !== null) parts.push(`test accuracy ${(100 * testAccuracy).toFixed(2)} %`);
  for (const [name, value] of Object.entries(metrics)) parts.push(`${name} ${value.toFixed(4)}`);
  return [...parts, `${seconds.toFixed(1)} s`].join(" · ");
}
