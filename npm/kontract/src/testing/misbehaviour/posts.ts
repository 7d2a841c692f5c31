import type { Misbehaviour } from "../../protocol/error.js";
import { flip, put } from "../forger.js";

/** Where a request's frames begin: behind the ticket, the call id and the random bytes. */
export function frames(body: readonly number[]): number {
  return 2 + ((body[0] as number) << 8) + (body[1] as number) + 32;
}

const at =
  (offset: number, change: (at: number) => (bytes: number[]) => void) =>
  (bytes: number[]): void =>
    change(frames(bytes) + offset)(bytes);
const half = (bytes: readonly number[]): number => (bytes.length - frames(bytes)) / 2;

export type Change = readonly [name: string, change: (bytes: number[]) => void, blame: Misbehaviour];

/** What servers must refuse of a request with two calls of the same length. */
export const REQUESTS: readonly Change[] = [
  ["nothing", (b) => void b.splice(0), "WrongLength"],
  ["a ticket longer than all", put(0, 0xff), "WrongLength"],
  ["a ticket and nothing else", (b) => void b.splice(frames(b) - 10), "WrongLength"],
  ["a bit of the ticket", flip(60, 1), "BadTicket"],
  ["the epoch before", (b) => void (b[5] = (b[5] as number) - 1), "BadTicket"],
  ["the epoch after", (b) => void (b[5] = (b[5] as number) + 1), "TicketExpired"],
  ["another call id", at(-32, (place) => flip(place, 1)), "Unauthentic"],
  ["other random bytes", at(-1, (place) => flip(place, 1)), "Unauthentic"],
  ["no frame", (b) => void b.splice(frames(b)), "WrongLength"],
  ["half a frame", (b) => void b.splice(frames(b) + 30), "WrongLength"],
  ["another type", at(1, (place) => put(place, 0x20)), "WrongType"],
  ["a handshake within", at(1, (place) => put(place, 1)), "WrongType"],
  ["a flag that does not exist", at(2, (place) => put(place, 1)), "WrongFlags"],
  ["another sequence", at(7, (place) => put(place, 1)), "WrongSequence"],
  ["another epoch", at(15, (place) => put(place, 1)), "WrongEpoch"],
  ["another nonce", at(16, (place) => put(place, 1)), "WrongNonce"],
  ["MORE that was not sealed", at(3, (place) => put(place, 4)), "Unauthentic"],
  ["a bit of a call", at(28, (place) => flip(place, 1)), "Unauthentic"],
  ["a bit of the last tag", flip(-1, 1), "Unauthentic"],
  ["the first call left out", (b) => void b.splice(frames(b), half(b)), "WrongSequence"],
  ["the first call twice", (b) => void b.copyWithin(frames(b) + half(b), frames(b), frames(b) + half(b)), "WrongSequence"],
  ["more behind it", (b) => void b.push(0), "WrongLength"],
];

/** What clients must refuse of an answer with two results of the same length. */
export const ANSWERS: readonly Change[] = [
  ["nothing", (b) => void b.splice(0), "WrongLength"],
  ["half of the random bytes", (b) => void b.splice(16), "WrongLength"],
  ["other random bytes", flip(0, 1), "Unauthentic"],
  ["no answer", (b) => void b.splice(32), "Unanswered"],
  ["one answer of two", (b) => void b.splice(32 + (b.length - 32) / 2), "Unanswered"],
  ["an answer that was cut off", (b) => void b.pop(), "WrongLength"],
  ["a call", put(33, 0x10), "WrongType"],
  ["an item", put(33, 0x21), "WrongType"],
  ["a result as an error", put(33, 0x12), "Unauthentic"],
  ["another sequence", put(39, 1), "WrongSequence"],
  ["a bit of a result", flip(70, 1), "Unauthentic"],
  ["the first answer twice", (b) => void b.copyWithin(32 + (b.length - 32) / 2, 32, 32 + (b.length - 32) / 2), "WrongSequence"],
  ["more behind it", (b) => void b.push(...new Array<number>(44).fill(0)), "WrongVersion"],
];
