/**
 * The key schedule: from the handshake to the keys of both directions (wire document, Key schedule).
 * Each direction has a type of its own, so that neither can be used for the other.
 */
import { concat, prefixed, utf8 } from "./bytes.js";
import { expand, extract } from "./crypto/kdf.js";
import type { Primitives } from "./crypto/primitives.js";
import { type Exporter, type PostSecret, type Prk, type ResumePsk, Secret } from "./crypto/secret.js";
import type { Split } from "./handshake/noise.js";

/** From the client to the server, or from the server to the client. */
export type Direction = "to server" | "to client";

/** Key, IV and epoch of one direction. */
export interface Traffic<D extends Direction> {
  /** Seals the records of the direction. */
  readonly key: Secret<`key ${D}`>;
  /** What a record's nonce is combined with. */
  readonly iv: Secret<`iv ${D}`>;
  readonly epoch: number;
}

/** The keys of the next epoch. */
export async function rekeyed<D extends Direction>(
  primitives: Primitives,
  traffic: Traffic<D>,
): Promise<Traffic<D>> {
  const next = (label: string, length: number): Promise<Uint8Array> =>
    expand(primitives, traffic.key.expose(), prefixed(utf8(`raystream-v1 rekey ${label}`)), length);
  return {
    key: new Secret(await next("key", 32)),
    iv: new Secret(await next("iv", 12)),
    epoch: traffic.epoch + 1,
  };
}

/** All keys of a session. */
export interface Keys {
  readonly toServer: Traffic<"to server">;
  readonly toClient: Traffic<"to client">;
  readonly resume: ResumePsk;
  readonly exporter: Exporter;
  readonly post: PostSecret;
}

/** Derives them from what both sides of a handshake hold, which is wiped. */
export async function deriveKeys(
  primitives: Primitives,
  split: Split,
  session: Uint8Array,
  client: Uint8Array,
  server: Uint8Array,
): Promise<Keys> {
  const prk = await root(primitives, split);
  split.keys.wipe();
  const context = concat(...[session, client, server, split.hash].map(prefixed));
  // `D(label, n) = HKDF-Expand(PRK, LP("raystream-v1 " ‖ label) ‖ ctx, n)`
  const derive = async <Use extends string>(label: string, length: number): Promise<Secret<Use>> => {
    const info = concat(prefixed(utf8(`raystream-v1 ${label}`)), context);
    return new Secret(await expand(primitives, prk.expose(), info, length));
  };
  const keys: Keys = {
    toServer: { key: await derive("c2s key", 32), iv: await derive("c2s iv", 12), epoch: 0 },
    toClient: { key: await derive("s2c key", 32), iv: await derive("s2c iv", 12), epoch: 0 },
    resume: await derive("resume", 32),
    exporter: await derive("exporter", 32),
    post: await derive("post", 32),
  };
  prk.wipe();
  return keys;
}

/** `PRK = HKDF-Extract(salt = "raystream-v1", k1 ‖ k2)` */
export async function root(primitives: Primitives, split: Split): Promise<Prk> {
  return new Secret(await extract(primitives, utf8("raystream-v1"), split.keys.expose()));
}
