/**
 * The first key that one object of a JSON text has twice, or undefined.
 *
 * `JSON.parse` keeps the last of two equal keys without a word, so two readers of one file may see different
 * tensors. The text must be valid JSON already: only its structure is followed here.
 */
export function duplicateKey(json: string): string | undefined {
  /** Keys of each open object; null for an open array. */
  const open: (Set<string> | null)[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs;
  for (let match = token.exec(json); match; match = token.exec(json)) {
    const [text] = match;
    if (text === "{") open.push(new Set());
    else if (text === "[") open.push(null);
    else if (text === "}" || text === "]") open.pop();
    else {
      const keys = open.at(-1);
      if (!keys || !followedByColon(json, token.lastIndex)) continue;
      // Two spellings of one key, such as "a" and "\u0061", are the same key.
      const key = JSON.parse(text) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

function followedByColon(json: string, index: number): boolean {
  let i = index;
  while (" \t\r\n".includes(json[i] ?? "x")) i++;
  return json[i] === ":";
}
