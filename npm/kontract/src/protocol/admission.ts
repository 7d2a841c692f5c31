/**
 * Who may begin a handshake on a node, and which half-open ones make way (wire document, State
 * machine, Errors and limits).
 */
import {
  COOKIES_ABOVE,
  HANDSHAKE_BURST,
  HANDSHAKES_PER_SECOND,
  SESSIONS,
  UNCONFIRMED,
  UNCONFIRMED_PER_ADDRESS,
} from "./limits.js";

/** What an INIT may expect. */
export type Verdict =
  /** The handshake goes on. */
  | "Proceed"
  /** It goes on for who shows a cookie. */
  | "Cookie"
  /** It does not. */
  | "Refuse";

/** A half-open or open session, as a node counts it. */
export type Slot = number;

/** What is known of an address. */
interface Known {
  /** Its half-open sessions, oldest first. */
  readonly unconfirmed: Set<Slot>;
  open: number;
  /** Thousandths of a handshake that it has used up, at this time. */
  used: number;
  at: number;
}

/** The sessions of a node, by address. */
export class Admission {
  #next: Slot = 0;
  /** Half-open sessions with their networks, oldest first. */
  readonly #unconfirmed = new Map<Slot, string>();
  #open = 0;
  readonly #networks = new Map<string, Known>();
  #swept = 0;

  /** Counts an INIT from an address, at a monotonic time in milliseconds. */
  knock(address: Uint8Array, now: number): Verdict {
    this.#sweep(now);
    const known = this.#known(networkOf(address));
    drain(known, now);
    if (known.used + 1000 > HANDSHAKE_BURST * 1000 || this.#open >= SESSIONS) return "Refuse";
    known.used += 1000;
    return this.#unconfirmed.size > COOKIES_ABOVE ? "Cookie" : "Proceed";
  }

  /**
   * Whether an address may open a session beside the `most` that it may have. This machine's own is
   * not counted: a proxy that does not say whom it speaks for speaks for everybody.
   */
  hasRoom(address: Uint8Array, most: number): boolean {
    return isRoomy(this.#networks.get(networkOf(address)), networkOf(address), most);
  }

  /**
   * Takes a session in whose INIT was answered. Where there are too many of them, the oldest of the
   * address or of all makes way: it must be ended.
   */
  enter(address: Uint8Array): { slot: Slot; evicted: Slot | undefined } {
    const network = networkOf(address);
    const own = this.#known(network).unconfirmed;
    let evicted: Slot | undefined;
    if (own.size >= UNCONFIRMED_PER_ADDRESS) [evicted] = own;
    else if (this.#unconfirmed.size >= UNCONFIRMED) [evicted] = this.#unconfirmed.keys();
    if (evicted !== undefined) this.#forget(evicted);
    const slot = this.#next++;
    this.#unconfirmed.set(slot, network);
    own.add(slot);
    return { slot, evicted };
  }

  /**
   * The first record of a session has come. False where it had to make way before, or its address
   * has `most` of them.
   */
  confirm(slot: Slot, most: number): boolean {
    const network = this.#unconfirmed.get(slot);
    if (network === undefined) return false;
    this.#forget(slot);
    const known = this.#known(network);
    if (!isRoomy(known, network, most)) return false;
    this.#open++;
    known.open++;
    return true;
  }

  /** A half-open session has ended. */
  abandon(slot: Slot): void {
    this.#forget(slot);
  }

  /** An open session has ended. */
  leave(address: Uint8Array): void {
    this.#open--;
    this.#known(networkOf(address)).open--;
  }

  /** Sessions without a first record. */
  get unconfirmed(): number {
    return this.#unconfirmed.size;
  }

  #known(network: string): Known {
    let known = this.#networks.get(network);
    if (!known) this.#networks.set(network, (known = { unconfirmed: new Set(), open: 0, used: 0, at: 0 }));
    return known;
  }

  #forget(slot: Slot): void {
    const network = this.#unconfirmed.get(slot);
    if (network === undefined) return;
    this.#networks.get(network)?.unconfirmed.delete(slot);
    this.#unconfirmed.delete(slot);
  }

  /** Forgets, once a minute, addresses of which nothing is left to know. */
  #sweep(now: number): void {
    if (now - this.#swept < SWEEP_MS) return;
    this.#swept = now;
    for (const [network, known] of this.#networks) {
      drain(known, now);
      if (known.used === 0 && known.open === 0 && known.unconfirmed.size === 0) this.#networks.delete(network);
    }
  }
}

function drain(known: Known, now: number): void {
  known.used = Math.max(known.used - Math.max(now - known.at, 0) * HANDSHAKES_PER_SECOND, 0);
  known.at = now;
}

function isRoomy(known: Known | undefined, network: string, most: number): boolean {
  return known === undefined || known.open < most || LOOPBACK.test(network);
}

/** Whoever has an address of version 6 has the 2^64 of its network. */
function networkOf(address: Uint8Array): string {
  const embedded = address.length === 16 && MAPPED.every((byte, i) => address[i] === byte);
  const isLoopback = address.length === 16 && address.every((byte, i) => byte === (i === 15 ? 1 : 0));
  return (embedded ? address.subarray(12) : isLoopback ? address : address.subarray(0, 8)).join(".");
}

/** That of IPv4, of IPv6, and what stands for a local socket. */
const LOOPBACK = /^127\.\d+\.\d+\.\d+$|^(0\.){15}1$|^0\.0\.0\.0$/;
const SWEEP_MS = 60_000;
/** What stands before an address of version 4 in one of version 6. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
