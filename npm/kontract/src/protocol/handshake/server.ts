/** The server's side of a handshake. */
import { big, concat } from "../bytes.js";
import { CookieKeys } from "../cookie.js";
import { PrivateKey, randomBytes } from "../crypto/exchange.js";
import type { Primitives } from "../crypto/primitives.js";
import { failure, misbehaved, type ProtocolError } from "../error.js";
import type { Time } from "../input.js";
import { deriveKeys } from "../schedule.js";
import { openTicket } from "../ticket.js";
import type { Established } from "./index.js";
import { readInit } from "./init.js";
import type { Node } from "./node.js";
import { Responder } from "./noise.js";
import { decodeHello, encodeAccepted } from "./payload.js";
import { refusal, writeResponse } from "./response.js";

/** The frame that answers an INIT, and what came of it. */
export interface Answer {
  readonly frame: Uint8Array;
  /** A session, if there is one now; where there is no error either, a cookie was asked for. */
  readonly established?: Established | undefined;
  /** For the log; the frame is the same whatever it says. */
  readonly error?: ProtocolError;
}

/** Answers an INIT from an address, of 4 or 16 bytes. */
export async function answer(
  node: Node,
  frame: Uint8Array,
  address: Uint8Array,
  time: Time,
): Promise<Answer> {
  try {
    return await accept(node, frame, address, time);
  } catch (error) {
    return { frame: refusal(frame), error: failure(error) };
  }
}

async function accept(node: Node, frame: Uint8Array, address: Uint8Array, time: Time): Promise<Answer> {
  const { primitives, secret } = node;
  const verdict = node.admission.knock(address, time.monotonic);
  if (verdict === "Refuse") misbehaved("TooManyHandshakes");
  const init = readInit(frame);
  if (verdict === "Cookie") {
    // "checked before any Diffie–Hellman"
    const cookies = await CookieKeys.at(primitives, secret, time);
    const shown = init.cookie && (await cookies.verify(init.cookie, address, init.ephemeral));
    if (!shown) {
      const body = await cookies.make(address, init.ephemeral);
      return { frame: writeResponse({ type: "Cookie", body }, init.key) };
    }
  }
  const key = node.keys.find(({ id }) => id === init.key) ?? misbehaved("UnknownKey");
  const ticket = init.ticket && (await openTicket(primitives, secret, init.ticket, time));
  const responder = await Responder.read(primitives, init.prologue, key, ticket?.resume, init.message);
  const hello = decodeHello(responder.payload);
  const cipher = node.ciphers.find((one) => hello.ciphers.includes(one)) ?? misbehaved("NoCommonCipher");

  const accepted = {
    session: sessionId(primitives, time),
    cipher,
    expiresMs: node.sessionIdleMs,
    heartbeatS: node.heartbeatS,
    maxFrame: node.maxFrame,
    rekeyRecords: node.rekeyRecords,
  };
  const ephemeral = await PrivateKey.generate(primitives);
  const { message, split } = await responder.answer(ephemeral, encodeAccepted(accepted));
  ephemeral.wipe();
  const keys = await deriveKeys(primitives, split, accepted.session, responder.peer, ephemeral.public);
  const begun = ticket?.begun ?? time.unix;
  return {
    frame: writeResponse({ type: "Accepted", body: message }, init.key),
    established: { keys, accepted, schema: hello.schema, begun },
  };
}

/** A UUID of version 7: milliseconds, then random bits. */
function sessionId(primitives: Primitives, time: Time): Uint8Array {
  const id = concat(big(time.unix, 6), randomBytes(primitives, 10));
  id[6] = 0x70 | ((id[6] as number) & 0x0f);
  id[8] = 0x80 | ((id[8] as number) & 0x3f);
  return id;
}
