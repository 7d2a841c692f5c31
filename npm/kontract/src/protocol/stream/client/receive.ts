/** What a server says in an open session. */
import { misbehaved } from "../../error.js";
import { CLOSE, EVENT, HEARTBEAT, RPC_ERROR, RPC_RESPONSE } from "../../frame/index.js";
import {
  decodeFailure,
  decodeHeartbeat,
  decodeItem,
  decodeResponse,
  HANDSHAKE,
} from "../../message/index.js";
import type { Message } from "../../record/index.js";
import type { ClientEvent } from "./event.js";
import type { Open } from "./index.js";

/** Takes a message; returns whether it is the last one. */
export function handleMessage(open: Open, { kind, body }: Message, events: ClientEvent[]): boolean {
  if (kind === RPC_RESPONSE) {
    const { ticket, ...response } = decodeResponse(body);
    if (ticket) {
      events.push({ type: "Pass", pass: { ...open.pass, ticket } });
      if (response.inReplyTo === HANDSHAKE) return false;
    }
    open.requests.answer(response.inReplyTo);
    events.push({ type: "Response", response });
  } else if (kind === RPC_ERROR) {
    const failure = decodeFailure(body);
    open.requests.answer(failure.inReplyTo);
    events.push({ type: "Failure", failure });
  } else if (kind === EVENT) {
    const item = decodeItem(body);
    const spent = open.requests.spend(item.inReplyTo);
    if (spent === undefined) misbehaved("UnknownReply");
    if (!spent) misbehaved("NoCredit");
    events.push({ type: "Item", item });
  } else if (kind === HEARTBEAT) {
    open.heartbeat.echo(decodeHeartbeat(body));
  } else if (kind === CLOSE && body.length === 0) {
    return true;
  } else {
    misbehaved("MalformedMessage");
  }
  return false;
}
