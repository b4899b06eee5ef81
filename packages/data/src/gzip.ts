import { FormatError } from "@chainrule/core";

/** Whether the bytes begin as a gzip member does (RFC 1952). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks gzip with the platform's DecompressionStream.
 *
 * @param limitOf told the bytes so far until it gives a limit; unpacking stops once more than that came out,
 *   so a small file that unpacks to gigabytes costs no more than the size it was meant to have.
 * @throws FormatError for damaged or truncated gzip.
 */
export async function readGzip(
  bytes: Uint8Array,
  name: string,
  limitOf: (head: Uint8Array) => number | undefined,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  let limit: number | undefined;
  // The copy into a Blob's own memory also lets callers pass views of shared buffers.
  const stream = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream("gzip"));
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      total += value.length;
      limit ??= limitOf(join(chunks, total));
      if (limit !== undefined && total > limit) {
        await reader.cancel();
        break;
      }
    }
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(
      `${name}: the gzip data is damaged or cut off (${bytes.length} bytes packed, ${total} unpacked before the fault)`,
      { cause },
    );
  }
  return join(chunks, total);
}

function join(chunks: readonly Uint8Array[], total: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const joined = new Uint8Array(total);
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}
