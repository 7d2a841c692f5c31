/** The client's side of a handshake. */
import { concat } from "../bytes.js";
import { KEY, keyId, PrivateKey } from "../crypto/exchange.js";
import type { Primitives } from "../crypto/primitives.js";
import { misbehaved, misused } from "../error.js";
import { COOKIE, handshakeFrame, RESUME } from "../frame/index.js";
import type { Pass } from "../pass.js";
import { deriveKeys } from "../schedule.js";
import type { Established } from "./index.js";
import { beforeMessage, initHeader, prologue } from "./init.js";
import { Initiator } from "./noise.js";
import { decodeAccepted, encodeHello, type Hello } from "./payload.js";
import { readResponse } from "./response.js";

/** What a client offers in every handshake. */
export type Offer = Hello;

/** A handshake whose INIT was written, and that INIT. */
export interface Started {
  readonly attempt: Attempt;
  readonly frame: Uint8Array;
}

/** What an answer means. */
export type Outcome =
  | { readonly type: "Established"; readonly established: Established }
  /** The server asks for the same INIT with a cookie: here they are. */
  | ({ readonly type: "Again" } & Started)
  /** The server refuses: a ticket that it cannot open, a key that it does not have. */
  | { readonly type: "Refused" };

/** What every INIT of an attempt has in common. */
interface Given {
  readonly primitives: Primitives;
  readonly server: Uint8Array;
  readonly id: number;
  readonly offer: Offer;
  readonly pass: Pass | undefined;
  readonly ephemeral: PrivateKey;
}

/** A handshake whose INIT was written and whose answer is awaited. */
export class Attempt {
  readonly #given: Given;
  readonly #initiator: Initiator;
  readonly #cookie: boolean;

  private constructor(given: Given, initiator: Initiator, cookie: boolean) {
    this.#given = given;
    this.#initiator = initiator;
    this.#cookie = cookie;
  }

  /** Writes an INIT with a new ephemeral key, for the server of this static key. */
  static async start(
    primitives: Primitives,
    server: Uint8Array,
    offer: Offer,
    pass?: Pass,
  ): Promise<Started> {
    if (server.length !== KEY) misused("NotConfigured");
    const id = await keyId(primitives, server);
    const ephemeral = await PrivateKey.generate(primitives);
    return Attempt.#write({ primitives, server, id, offer, pass, ephemeral });
  }

  static async #write(given: Given, cookie?: Uint8Array): Promise<Started> {
    const { primitives, server, id, offer, pass, ephemeral } = given;
    const hello = encodeHello(offer);
    const before = beforeMessage(pass?.ticket, cookie);
    const flags = (pass ? RESUME : 0) | (cookie ? COOKIE : 0);
    const head = initHeader(id, flags, before, hello.length);
    const { initiator, message } = await Initiator.start(
      primitives,
      prologue(head, before),
      server,
      pass?.resume,
      ephemeral,
      hello,
    );
    const attempt = new Attempt(given, initiator, cookie !== undefined);
    return { attempt, frame: handshakeFrame(head, concat(before, message)) };
  }

  get primitives(): Primitives {
    return this.#given.primitives;
  }

  /** Whether it resumes a session. */
  get resumes(): boolean {
    return this.#given.pass !== undefined;
  }

  /** Reads the server's answer. */
  async finish(frame: Uint8Array): Promise<Outcome> {
    const { primitives, id, offer, ephemeral } = this.#given;
    const { type, body } = readResponse(frame, id);
    if (type === "Refused") return { type };
    if (type === "Cookie") {
      if (this.#cookie) misbehaved("CookieRepeated");
      // "the client repeats INIT with the same ephemeral"
      return { type: "Again", ...(await Attempt.#write(this.#given, body)) };
    }
    const { peer, payload, split } = await this.#initiator.finish(body);
    const accepted = decodeAccepted(payload);
    if (!offer.ciphers.includes(accepted.cipher)) misbehaved("CipherNotOffered");
    const keys = await deriveKeys(primitives, split, accepted.session, ephemeral.public, peer);
    return { type: "Established", established: { keys, accepted, schema: offer.schema, begun: 0 } };
  }
}
