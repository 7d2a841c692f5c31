import { decode } from "./index.js";
import { table, text, u32, u64, u8 } from "./write.js";

/** What SUBSCRIBE asks for. `target` is the sequence of a call or of a subscription. */
export type Subscribe =
  /** Changes of a topic, as many as `credit` at first. */
  | { readonly op: "Subscribe"; readonly topic: string; readonly credit: number }
  /** No more changes; the subscription is answered like a call that has ended. */
  | { readonly op: "Unsubscribe"; readonly target: number }
  /** A call is not waited for any more; it is answered all the same. */
  | { readonly op: "Cancel"; readonly target: number }
  /** As many more items of a stream, or changes. */
  | { readonly op: "Credit"; readonly target: number; readonly n: number };

export function encodeSubscribe(asked: Subscribe): Uint8Array {
  const { op } = asked;
  const subscribes = op === "Subscribe";
  return table([
    u8(OPS.indexOf(op)),
    u64(subscribes ? 0n : BigInt(asked.target)),
    u32(subscribes ? asked.credit : op === "Credit" ? asked.n : 0),
    subscribes ? text(asked.topic) : undefined,
  ]);
}

export function decodeSubscribe(body: Uint8Array): Subscribe {
  return decode(body, (message) => {
    const op = OPS[message.u8(0)];
    const target = Number(message.u64(1));
    const n = message.u32(2);
    const topic = message.text(3);
    if (op === undefined) throw new RangeError();
    if (op === "Credit") return { op, target, n };
    if (op !== "Subscribe") return { op, target };
    if (topic === undefined) throw new RangeError();
    return { op, topic, credit: n };
  });
}

const OPS = ["Subscribe", "Unsubscribe", "Cancel", "Credit"] as const;
