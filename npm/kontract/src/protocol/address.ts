/** The bytes of an address as it is written, 4 or 16; `undefined` where it is none. */
export function addressOf(text: string): Uint8Array | undefined {
  if (!text.includes(":")) return version4(text);
  try {
    // What `URL` makes of an address of version 6 has no dots and no leading zeros.
    const groups = new URL(`http://[${text.split("%")[0]}]`).hostname.slice(1, -1).split("::").map(groupsOf);
    const [front, back] = [groups[0] ?? [], groups[1] ?? []];
    const zeros = Array.from({ length: 8 - front.length - back.length }, () => 0);
    return Uint8Array.from([...front, ...zeros, ...back].flatMap((group) => [group >> 8, group & 255]));
  } catch {
    return undefined;
  }
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function version4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  const sound = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return sound ? Uint8Array.from(parts, Number) : undefined;
}
