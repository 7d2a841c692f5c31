/** What a client says in an open session. */
import { misbehaved } from "../../error.js";
import { CLOSE, HEARTBEAT, RPC_CALL, SUBSCRIBE } from "../../frame/index.js";
import type { Time } from "../../input.js";
import {
  decodeCall,
  decodeHeartbeat,
  decodeSubscribe,
  encodeHeartbeat,
  type Subscribe,
} from "../../message/index.js";
import type { Message } from "../../record/index.js";
import type { Requests } from "../requests.js";
import type { ServerEvent } from "./event.js";
import type { Open } from "./index.js";

/** Takes a message; returns whether it is the last one. */
export async function handleMessage(
  { pipe, requests }: Open,
  { kind, sequence, body }: Message,
  time: Time,
  events: ServerEvent[],
  frames: Uint8Array[],
): Promise<boolean> {
  if (kind === RPC_CALL) {
    const call = decodeCall(body);
    if (!requests.hasRoom("call")) misbehaved("TooManyCalls");
    requests.insert(sequence, "call", 0);
    events.push({ type: "Call", sequence, call });
  } else if (kind === SUBSCRIBE) {
    handleSubscribe(requests, sequence, decodeSubscribe(body), events);
  } else if (kind === HEARTBEAT) {
    // "HEARTBEAT {nonce: u64}, echoed."
    await pipe.send(HEARTBEAT, encodeHeartbeat(decodeHeartbeat(body)), time.monotonic, frames);
  } else if (kind === CLOSE && body.length === 0) {
    return true;
  } else {
    misbehaved("MalformedMessage");
  }
  return false;
}

function handleSubscribe(requests: Requests, sequence: number, asked: Subscribe, events: ServerEvent[]): void {
  if (asked.op === "Subscribe") {
    if (!requests.hasRoom("subscription")) misbehaved("TooManySubscriptions");
    requests.insert(sequence, "subscription", asked.credit);
    events.push({ type: "Subscribe", sequence, topic: asked.topic });
    return;
  }
  const { op, target } = asked;
  if (target >= sequence) misbehaved("UnknownTarget");
  const request = requests.get(target);
  // One that was answered meanwhile: the client did not know yet.
  if (!request) return;
  if (op === "Credit") {
    requests.credit(target, asked.n);
  } else if (request.sort !== (op === "Cancel" ? "call" : "subscription")) {
    misbehaved("UnknownTarget");
  }
  events.push({ type: op, target });
}
