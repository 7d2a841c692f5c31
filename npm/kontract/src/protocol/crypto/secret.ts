/**
 * A key that fits one use, its name. It is in nothing that is printed or made JSON of, and wiped
 * when it is done, as far as JavaScript lets one.
 */
export class Secret<Use extends string> {
  declare readonly use: Use;
  readonly #bytes: Uint8Array;

  /** Takes the bytes: they are not copied, so that wiping reaches them. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The bytes, for a primitive or a known answer. They belong into no log. */
  expose(): Uint8Array {
    return this.#bytes;
  }

  /** Overwrites them. */
  wipe(): void {
    this.#bytes.fill(0);
  }
}

/** Noise's chaining key. */
export type ChainingKey = Secret<"chaining key">;
/** Seals one payload of a handshake. */
export type HandshakeKey = Secret<"handshake key">;
/** The output of Noise's `Split()`, k1 ‖ k2. */
export type SplitKeys = Secret<"split keys">;
/** The root of a session's keys. */
export type Prk = Secret<"prk">;
/** Proves, in a resumed handshake, that a client had the channel of its ticket. */
export type ResumePsk = Secret<"resume psk">;
/** For other protocols that bind themselves to a session. */
export type Exporter = Secret<"exporter">;
/** The root of the keys of sessionless POSTs. */
export type PostSecret = Secret<"post secret">;
/** What HKDF extracts of `KONTRACT_SECRET`, which all gateways share. */
export type NodeSecret = Secret<"node secret">;
