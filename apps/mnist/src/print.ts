/** Writes a line to standard output. */
export const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** "60,000" */
export const formatCount = (count: number): string => count.toLocaleString("en");
