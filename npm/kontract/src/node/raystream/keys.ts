import { decodeBase64 } from "../../base64.js";
import { primitives } from "../../protocol/index.js";
import { Node, nodeSecret, PrivateKey } from "../../protocol/server.js";

/** Encrypted calls, as options say them. */
export interface RaystreamOptions {
  /** The private keys that clients know the server by, as `KONTRACT_STATIC_KEY` has them. */
  staticKey?: string;
  /** `KONTRACT_SECRET`: seals what clients come back with. All hosts of an application have the same. */
  secret?: string;
  /** How long a client may stay away without a new handshake, in milliseconds; five minutes when left out. */
  sessionIdleMs?: number;
  /** Streams of one address, behind which many people may be; 2000 when left out. */
  sessionsPerAddress?: number;
}

/** The protocol's part of a server; undefined where there is no static key. */
export async function makeNode(
  { staticKey = process.env.KONTRACT_STATIC_KEY, secret = process.env.KONTRACT_SECRET, sessionIdleMs, sessionsPerAddress }: RaystreamOptions,
  maxBytes: number,
): Promise<Node | undefined> {
  if (staticKey === undefined || staticKey === "") return undefined;
  if (secret === undefined || secret.length < LEAST_SECRET) {
    throw new TypeError(`KONTRACT_STATIC_KEY needs KONTRACT_SECRET, at least ${LEAST_SECRET} characters`);
  }
  // Records of calls stay for an hour at least: what is sent again while its ticket is good has one.
  if (sessionIdleMs !== undefined && !(Number.isSafeInteger(sessionIdleMs) && sessionIdleMs > 0 && sessionIdleMs <= 3_600_000)) {
    throw new TypeError("raystream.sessionIdleMs: expected a number from 1 to 3600000");
  }
  if (sessionsPerAddress !== undefined && !(Number.isSafeInteger(sessionsPerAddress) && sessionsPerAddress > 0)) {
    throw new TypeError("raystream.sessionsPerAddress: expected a positive whole number");
  }
  const platform = await primitives();
  const keys = staticKey.split(",").map((text) => readKey(text.trim()));
  return new Node(
    platform,
    await Promise.all(keys.map((key) => PrivateKey.of(platform, key))),
    await nodeSecret(platform, new TextEncoder().encode(secret)),
    {
      maxFrame: frameFor(maxBytes),
      ...(sessionIdleMs === undefined ? {} : { sessionIdleMs }),
      ...(sessionsPerAddress === undefined ? {} : { sessionsPerAddress }),
    },
  );
}

function readKey(text: string): Uint8Array {
  if (!/^[A-Za-z0-9_-]{43}$/.test(text)) {
    throw new TypeError("KONTRACT_STATIC_KEY holds no key: `kontract keys generate` makes one");
  }
  return decodeBase64(text.replace(/-/g, "+").replace(/_/g, "/"));
}

/** Frames are short, since whoever sends the half of one holds memory; a message has 64 of them at most. */
function frameFor(maxBytes: number): number {
  return Math.min(Math.max(Math.ceil((maxBytes + ABOUT_A_BODY) / 64), SHORTEST_FRAME), LONGEST_FRAME);
}

const LEAST_SECRET = 32;
const SHORTEST_FRAME = 64 << 10;
const LONGEST_FRAME = 16 << 20;
/** Metadata or headers of a message. */
const ABOUT_A_BODY = 64 << 10;
