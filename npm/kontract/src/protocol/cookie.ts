/**
 * Cookies: a client shows that it receives at its address, before the server computes anything for
 * it. `cookie = HMAC-SHA256(K_cookie, ip ‖ e_c)[0..16]`, where
 * `K_cookie(e) = HKDF(KONTRACT_SECRET, info = "cookie" ‖ u64 BE e)` and e = ⌊t / 2 min⌋.
 */
import { big, concat, equal, utf8 } from "./bytes.js";
import { expand } from "./crypto/kdf.js";
import type { Primitives } from "./crypto/primitives.js";
import { type NodeSecret, Secret } from "./crypto/secret.js";
import { COOKIE_BYTES } from "./handshake/init.js";
import type { Time } from "./input.js";
import { COOKIE_EPOCH_MS } from "./limits.js";

type CookieKey = Secret<"cookie key">;

/** The current key and the one before it. */
export class CookieKeys {
  readonly #primitives: Primitives;
  readonly #current: CookieKey;
  readonly #previous: CookieKey;

  private constructor(primitives: Primitives, current: CookieKey, previous: CookieKey) {
    this.#primitives = primitives;
    this.#current = current;
    this.#previous = previous;
  }

  /** The keys of a time, the same on every gateway with this secret. */
  static async at(primitives: Primitives, secret: NodeSecret, time: Time): Promise<CookieKeys> {
    const epoch = Math.floor(time.unix / COOKIE_EPOCH_MS);
    const key = async (epoch: number): Promise<CookieKey> => {
      const info = concat(utf8("cookie"), big(epoch, 8));
      return new Secret(await expand(primitives, secret.expose(), info, 32));
    };
    return new CookieKeys(primitives, await key(epoch), await key(Math.max(epoch - 1, 0)));
  }

  /** The cookie of an address and a client's ephemeral key. */
  make(address: Uint8Array, ephemeral: Uint8Array): Promise<Uint8Array> {
    return this.#cookie(this.#current, address, ephemeral);
  }

  /** Whether a cookie is that of the address and the key. */
  async verify(shown: Uint8Array, address: Uint8Array, ephemeral: Uint8Array): Promise<boolean> {
    const current = equal(await this.#cookie(this.#current, address, ephemeral), shown);
    const previous = equal(await this.#cookie(this.#previous, address, ephemeral), shown);
    return current || previous;
  }

  async #cookie(key: CookieKey, address: Uint8Array, ephemeral: Uint8Array): Promise<Uint8Array> {
    const mac = await this.#primitives.hmac(key.expose(), concat(address, ephemeral));
    return mac.subarray(0, COOKIE_BYTES);
  }
}
