import type { Outcome } from "../row.ts";

/** What ran where, and what did not, in lines for people. */
export function notesOf({ report: { machine, versions }, skipped, remarks }: Outcome): string[] {
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.platform}, Node ${machine.node}`,
    ...(machine.otherLoad > 0.5
      ? [
          `the machine was busy with other work (load ${machine.otherLoad.toFixed(1)} before the start): repeat when it is idle`,
        ]
      : []),
    ...Object.entries(versions).map(([name, version]) => `${name} ${version}`),
    ...skipped.map(({ impl, reason }) => `${impl} skipped: ${reason}`),
    ...remarks,
  ];
}
