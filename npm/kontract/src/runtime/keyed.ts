import { encodeBase64 } from "../base64.js";
import { ConflictError, type ErrorBody, invalid, rebuildError } from "../errors.js";
import type { Keyed } from "./backing.js";
import { asRepeated, bodyOf } from "./failure.js";
import type { Payload, Reply } from "./wire.js";

/**
 * A call that came with an `Idempotency-Key`. A key is a user's own. Calls without a login share
 * a session and may choose the same keys: there only who sends the whole request again finds its answer.
 */
export async function keyedCall(
  key: string,
  hasLogin: boolean,
  route: string,
  { form, bytes }: Payload,
  about: Pick<Keyed, "claimsFirst" | "streams">,
): Promise<Keyed> {
  // Neither a key nor the name of a route has a space.
  const text = join(utf8.encode(`${key} ${route} `), bytes);
  const request = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const mark = join(request, crypto.getRandomValues(new Uint8Array(ARRIVAL_BYTES)));
  return {
    claim: hasLogin ? `key:${key}` : base64url(request),
    ...about,
    mark,
    record: (reply) => join(mark, about.streams ? kept(null) : keptReply(reply as Reply)),
    failure: (error) => join(mark, kept(bodyOf(error))),
    isOpen: (record) => record.length === mark.length && isSame(record.subarray(0, HASH_BYTES), request),
    answer(record) {
      if (!isSame(record.subarray(0, HASH_BYTES), request)) {
        throw invalid("Idempotency-Key: expected a key of its own: another call has had this one");
      }
      return read(record.subarray(mark.length), form);
    },
  };
}

/** Whether two records, or parts of them, are one. */
export function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** What came of a call, as every host keeps it: a line of JSON, then a body. */
function kept(head: unknown, body: Uint8Array = new Uint8Array()): Uint8Array {
  const text = join(utf8.encode(`${JSON.stringify(head)}\n`), body);
  return text.length > MOST_KEPT ? kept(null) : text;
}

/** `[status, headers, whether there is a body]`; of what cannot be answered again, null. */
function keptReply({ status, headers, body }: Reply): Uint8Array {
  return kept([status, Object.entries(headers), body !== undefined], body);
}

function read(text: Uint8Array, form: Reply["form"]): Reply {
  const end = text.indexOf(0x0a);
  if (end === -1) throw new ConflictError(UNKNOWN);
  const head = JSON.parse(new TextDecoder().decode(text.subarray(0, end))) as Head | ErrorBody | null;
  if (head === null) throw new ConflictError(NOT_KEPT);
  if (!Array.isArray(head)) throw asRepeated(rebuildError({ ...head, path: head.path ?? undefined }));
  const [status, headers, hasBody] = head;
  return { form, status, headers: Object.fromEntries(headers), body: hasBody ? text.slice(end + 1) : undefined };
}

type Head = [status: number, headers: [string, string][], hasBody: boolean];

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function base64url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const HASH_BYTES = 32;
const ARRIVAL_BYTES = 16;
/** Bytes of a reply. */
const MOST_KEPT = 64 << 10;
const UNKNOWN = "This call has been made before, and was cut off: whether it took effect is not known";
const NOT_KEPT = "This call has been made before, and its answer was too large to be kept";
const utf8 = new TextEncoder();
