/**
 * `Noise_NK_25519_ChaChaPoly_SHA256` and, with a key that both sides share already,
 * `Noise_NKpsk0_25519_ChaChaPoly_SHA256` (the Noise Protocol Framework, revision 34).
 *
 * ```text
 * <- s
 * ...
 * -> [psk,] e, es
 * <- e, ee
 * ```
 *
 * In these patterns every key seals one payload, so no nonce is counted: it is always zero.
 */
import { concat, utf8 } from "../bytes.js";
import { KEY, type PrivateKey } from "../crypto/exchange.js";
import { expand, extract } from "../crypto/kdf.js";
import { type Aead, CHACHA20_POLY1305, type Primitives, TAG } from "../crypto/primitives.js";
import { type ChainingKey, type HandshakeKey, type ResumePsk, Secret, type SplitKeys } from "../crypto/secret.js";
import { misbehaved } from "../error.js";

/** What both sides hold after the handshake. */
export interface Split {
  /** k1 ‖ k2. */
  readonly keys: SplitKeys;
  /** The hash of all that was said. */
  readonly hash: Uint8Array;
}

/** What the second message brings. */
export interface Finished {
  /** The server's ephemeral key. */
  readonly peer: Uint8Array;
  readonly payload: Uint8Array;
  readonly split: Split;
}

/** The client after its message, waiting for the server's. */
export class Initiator {
  readonly #state: Symmetric;
  readonly #ephemeral: PrivateKey;

  private constructor(state: Symmetric, ephemeral: PrivateKey) {
    this.#state = state;
    this.#ephemeral = ephemeral;
  }

  /** Writes the first message, `e ‖ AEAD(payload)`. */
  static async start(
    primitives: Primitives,
    prologue: Uint8Array,
    server: Uint8Array,
    psk: ResumePsk | undefined,
    ephemeral: PrivateKey,
    payload: Uint8Array,
  ): Promise<{ initiator: Initiator; message: Uint8Array }> {
    const state = await Symmetric.begin(primitives, prologue, server, psk);
    await state.mixEphemeral(ephemeral.public);
    await state.mixKey(await ephemeral.agree(server));
    const message = concat(ephemeral.public, await state.seal(payload));
    return { initiator: new Initiator(state, ephemeral), message };
  }

  /** Reads the second message. */
  async finish(message: Uint8Array): Promise<Finished> {
    const { peer, sealed } = parts(message);
    await this.#state.mixEphemeral(peer);
    await this.#state.mixKey(await this.#ephemeral.agree(peer));
    const payload = await this.#state.open(sealed);
    this.#ephemeral.wipe();
    return { peer, payload, split: await this.#state.split() };
  }
}

/** The server after the client's message, before its own. */
export class Responder {
  readonly #state: Symmetric;
  /** The client's ephemeral key. */
  readonly peer: Uint8Array;
  /** The client's payload. */
  readonly payload: Uint8Array;

  private constructor(state: Symmetric, peer: Uint8Array, payload: Uint8Array) {
    this.#state = state;
    this.peer = peer;
    this.payload = payload;
  }

  /** Reads the first message. */
  static async read(
    primitives: Primitives,
    prologue: Uint8Array,
    server: PrivateKey,
    psk: ResumePsk | undefined,
    message: Uint8Array,
  ): Promise<Responder> {
    const state = await Symmetric.begin(primitives, prologue, server.public, psk);
    const { peer, sealed } = parts(message);
    await state.mixEphemeral(peer);
    await state.mixKey(await server.agree(peer));
    return new Responder(state, peer, await state.open(sealed));
  }

  /** Writes the second message, `e ‖ AEAD(payload)`. */
  async answer(ephemeral: PrivateKey, payload: Uint8Array): Promise<{ message: Uint8Array; split: Split }> {
    await this.#state.mixEphemeral(ephemeral.public);
    await this.#state.mixKey(await ephemeral.agree(this.peer));
    const message = concat(ephemeral.public, await this.#state.seal(payload));
    return { message, split: await this.#state.split() };
  }
}

/** Noise's symmetric state. */
class Symmetric {
  readonly #primitives: Primitives;
  readonly #psk: boolean;
  #chaining: ChainingKey;
  #hash: Uint8Array;
  /** The key of the next payload. */
  #key: HandshakeKey | undefined;

  private constructor(primitives: Primitives, name: Uint8Array, psk: boolean) {
    this.#primitives = primitives;
    this.#psk = psk;
    this.#chaining = new Secret(name.slice());
    this.#hash = name;
  }

  static async begin(
    primitives: Primitives,
    prologue: Uint8Array,
    server: Uint8Array,
    psk: ResumePsk | undefined,
  ): Promise<Symmetric> {
    // The shorter name is as long as a hash, so it is its own.
    const name = psk ? await primitives.sha256(utf8(nameOf("NKpsk0"))) : utf8(nameOf("NK"));
    const state = new Symmetric(primitives, name, psk !== undefined);
    await state.#mixHash(prologue);
    await state.#mixHash(server);
    if (psk) {
      const [hash] = await state.#mix(psk.expose(), 1);
      await state.#mixHash(hash as Uint8Array);
      (hash as Uint8Array).fill(0);
    }
    return state;
  }

  /** The token `e`: with a shared key the ephemeral one is mixed into the key, too. */
  async mixEphemeral(key: Uint8Array): Promise<void> {
    await this.#mixHash(key);
    if (this.#psk) await this.mixKey(key.slice());
  }

  /** Takes the input, which is wiped. */
  async mixKey(input: Uint8Array): Promise<void> {
    await this.#mix(input, 0);
    input.fill(0);
  }

  async seal(payload: Uint8Array): Promise<Uint8Array> {
    const aead = await this.#aead();
    const sealed = await aead.seal(NO_NONCE, this.#hash, payload);
    await this.#mixHash(sealed);
    return sealed;
  }

  async open(sealed: Uint8Array): Promise<Uint8Array> {
    if (sealed.length < TAG) misbehaved("WrongLength");
    const aead = await this.#aead();
    let payload: Uint8Array;
    try {
      payload = await aead.open(NO_NONCE, this.#hash, sealed);
    } catch {
      return misbehaved("Unauthentic");
    }
    await this.#mixHash(sealed);
    return payload;
  }

  async split(): Promise<Split> {
    const temporary = await extract(this.#primitives, this.#chaining.expose(), new Uint8Array(0));
    const keys = await expand(this.#primitives, temporary, new Uint8Array(0), 64);
    temporary.fill(0);
    this.#chaining.wipe();
    return { keys: new Secret(keys), hash: this.#hash };
  }

  async #mixHash(bytes: Uint8Array): Promise<void> {
    this.#hash = await this.#primitives.sha256(concat(this.#hash, bytes));
  }

  /** Noise's HKDF: a chaining key, so many outputs for another use, a key. */
  async #mix(input: Uint8Array, others: number): Promise<Uint8Array[]> {
    const temporary = await extract(this.#primitives, this.#chaining.expose(), input);
    const output = await expand(this.#primitives, temporary, new Uint8Array(0), 32 * (others + 2));
    temporary.fill(0);
    const outputs = Array.from({ length: others + 2 }, (_, i) => output.slice(32 * i, 32 * i + 32));
    output.fill(0);
    this.#chaining.wipe();
    this.#key?.wipe();
    this.#chaining = new Secret(outputs.shift() as Uint8Array);
    this.#key = new Secret(outputs.pop() as Uint8Array);
    return outputs;
  }

  async #aead(): Promise<Aead> {
    const key = this.#key as HandshakeKey;
    this.#key = undefined;
    const aead = await this.#primitives.aead(CHACHA20_POLY1305, key.expose());
    key.wipe();
    return aead;
  }
}

function parts(message: Uint8Array): { peer: Uint8Array; sealed: Uint8Array } {
  if (message.length < KEY) misbehaved("WrongLength");
  return { peer: message.subarray(0, KEY), sealed: message.subarray(KEY) };
}

function nameOf(pattern: string): string {
  return `Noise_${pattern}_25519_ChaChaPoly_SHA256`;
}

const NO_NONCE = /* @__PURE__ */ new Uint8Array(12);
