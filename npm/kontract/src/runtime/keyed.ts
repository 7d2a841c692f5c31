import type { Keyed } from "./backing.js";
import type { Payload, Reply } from "./wire.js";

/** A call that came with an `Idempotency-Key`: the same key means it only with the same route and arguments. */
export async function keyedCall(key: string, route: string, { form, bytes }: Payload): Promise<Keyed> {
  // Neither a key nor the name of a route has a space.
  const head = utf8.encode(`${key} ${route} `);
  const text = new Uint8Array(head.length + bytes.length);
  text.set(head);
  text.set(bytes, head.length);
  const digest = await crypto.subtle.digest("SHA-256", text);
  const claim = btoa(String.fromCharCode(...new Uint8Array(digest))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  return { claim, write: (reply) => write(reply as Reply), read: (kept) => read(kept, form) };
}

/** `[status, headers, whether there is a body]`, a line's end, the body: as every host keeps it. */
function write({ status, headers, body }: Reply): Uint8Array {
  const head = utf8.encode(`${JSON.stringify([status, Object.entries(headers), body !== undefined])}\n`);
  const text = new Uint8Array(head.length + (body?.length ?? 0));
  text.set(head);
  text.set(body ?? [], head.length);
  return text;
}

function read(kept: Uint8Array, form: Reply["form"]): Reply | undefined {
  try {
    const end = kept.indexOf(0x0a);
    const [status, headers, hasBody] = JSON.parse(new TextDecoder().decode(kept.subarray(0, end))) as [number, [string, string][], boolean];
    return { form, status, headers: Object.fromEntries(headers), body: hasBody ? kept.slice(end + 1) : undefined };
  } catch {
    return undefined;
  }
}

const utf8 = new TextEncoder();
