/** A safetensors file put together by hand: any header text over any bytes. */
export function fileOf(header: string | object, data: ArrayLike<number> = []): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

/** A header's entry. */
export const entry = (dtype: string, shape: unknown, start: number, end: number): object => ({
  dtype,
  shape,
  data_offsets: [start, end],
});
