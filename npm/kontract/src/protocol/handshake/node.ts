import { Admission } from "../admission.js";
import type { PrivateKey } from "../crypto/exchange.js";
import { AES_256_GCM, CHACHA20_POLY1305, type Cipher, type Primitives } from "../crypto/primitives.js";
import type { NodeSecret } from "../crypto/secret.js";
import { HEARTBEAT_S, MAX_FRAME, REKEY_RECORDS, SESSION_IDLE_MS, SESSIONS_PER_ADDRESS } from "../limits.js";

/** What is configured of a node. */
export interface NodeOptions {
  /** What the server can, best first. */
  readonly ciphers: readonly Cipher[];
  readonly sessionIdleMs: number;
  readonly heartbeatS: number;
  readonly maxFrame: number;
  readonly rekeyRecords: number;
  readonly sessionsPerAddress: number;
}

/** What all handshakes of a server share. */
export class Node implements NodeOptions {
  readonly primitives: Primitives;
  /** The current static key and, around a rotation, others that clients may have pinned. */
  readonly keys: readonly PrivateKey[];
  readonly secret: NodeSecret;
  readonly ciphers: readonly Cipher[];
  readonly sessionIdleMs: number;
  readonly heartbeatS: number;
  readonly maxFrame: number;
  readonly rekeyRecords: number;
  readonly sessionsPerAddress: number;
  /** Who may begin a handshake, and which sessions there are. */
  readonly admission = new Admission();

  /** A node with both ciphers and the document's limits, where no others are given. */
  constructor(
    primitives: Primitives,
    keys: readonly PrivateKey[],
    secret: NodeSecret,
    options: Partial<NodeOptions> = {},
  ) {
    this.primitives = primitives;
    this.keys = keys;
    this.secret = secret;
    this.ciphers = options.ciphers ?? [AES_256_GCM, CHACHA20_POLY1305];
    this.sessionIdleMs = options.sessionIdleMs ?? SESSION_IDLE_MS;
    this.heartbeatS = options.heartbeatS ?? HEARTBEAT_S;
    this.maxFrame = options.maxFrame ?? MAX_FRAME;
    this.rekeyRecords = options.rekeyRecords ?? REKEY_RECORDS;
    this.sessionsPerAddress = options.sessionsPerAddress ?? SESSIONS_PER_ADDRESS;
  }
}
