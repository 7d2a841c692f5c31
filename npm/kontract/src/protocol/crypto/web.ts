import { concat } from "../bytes.js";
import { misused } from "../error.js";
import { AES_256_GCM, type Aead, CHACHA20_POLY1305, type Exchange, type Primitives } from "./primitives.js";

/**
 * The cryptography of browsers. ChaCha20-Poly1305 and X25519, which not all of them have, are
 * otherwise `@noble`'s, loaded only then.
 */
export async function webPrimitives(): Promise<Primitives> {
  const { crypto } = globalThis;
  if (!crypto?.subtle) misused("NotConfigured");
  const zeros = new Uint8Array(32);
  const [chacha, x25519] = await Promise.all([
    webAead("ChaCha20-Poly1305", "raw-secret", zeros).then(
      () => (key: Uint8Array) => webAead("ChaCha20-Poly1305", "raw-secret", key),
      async () => (await import("./noble-cipher.js")).nobleChacha,
    ),
    webX25519(zeros).then(
      () => webX25519,
      async () => (await import("./noble-exchange.js")).nobleX25519,
    ),
  ]);
  return {
    ciphers: [AES_256_GCM, CHACHA20_POLY1305],
    random: (bytes) => void crypto.getRandomValues(bytes),
    sha256: (bytes) => ofBuffer(crypto.subtle.digest("SHA-256", bytes)),
    async hmac(key, bytes) {
      const algorithm = { name: "HMAC", hash: "SHA-256" };
      const ready = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
      return ofBuffer(crypto.subtle.sign("HMAC", ready, bytes));
    },
    x25519,
    aead: (cipher, key) => (cipher === CHACHA20_POLY1305 ? chacha(key) : webAead("AES-GCM", "raw", key)),
  };
}

async function webX25519(secret: Uint8Array): Promise<Exchange> {
  const { subtle } = globalThis.crypto;
  const der = concat(PKCS8, secret);
  const copied = subtle.importKey("pkcs8", der, "X25519", false, ["deriveBits"]);
  der.fill(0);
  const own = await copied;
  const agree = async (point: Uint8Array): Promise<Uint8Array> => {
    const peer = await subtle.importKey("raw", point, "X25519", true, []);
    return ofBuffer(subtle.deriveBits({ name: "X25519", public: peer }, own, 256));
  };
  // The base point's multiple is the public key.
  return { public: await agree(new Uint8Array(32).fill(9, 0, 1)), agree };
}

async function webAead(name: string, format: string, bytes: Uint8Array): Promise<Aead> {
  const { subtle } = globalThis.crypto;
  const uses: ("encrypt" | "decrypt")[] = ["encrypt", "decrypt"];
  const key = await subtle.importKey(format as "raw", bytes, name, false, uses);
  return {
    seal: (iv, additionalData, text) => ofBuffer(subtle.encrypt({ name, iv, additionalData }, key, text)),
    open: (iv, additionalData, sealed) =>
      ofBuffer(subtle.decrypt({ name, iv, additionalData }, key, sealed)),
  };
}

async function ofBuffer(buffer: Promise<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await buffer);
}

/** What stands before a private key of X25519 in PKCS #8 (RFC 8410). */
const PKCS8 = /* @__PURE__ */ Uint8Array.of(
  0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20,
);
