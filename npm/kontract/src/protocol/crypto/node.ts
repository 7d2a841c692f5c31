import { AES_256_GCM, type Aead, CHACHA20_POLY1305, type Cipher, type Exchange, type Primitives, TAG } from "./primitives.js";

type NodeCrypto = typeof import("node:crypto");

/**
 * The cryptography of `node:crypto`: synchronous, and so several times faster for what is small.
 * `undefined` where it has not all that is needed, as some platforms that imitate it.
 */
export function nodePrimitives(crypto: NodeCrypto): Primitives | undefined {
  const primitives: Primitives = {
    ciphers: [AES_256_GCM, CHACHA20_POLY1305],
    random: (bytes) => void crypto.randomFillSync(bytes),
    sha256: (bytes) => plain(crypto.createHash("sha256").update(bytes).digest()),
    hmac: (key, bytes) => plain(crypto.createHmac("sha256", key).update(bytes).digest()),
    x25519(secret) {
      // The text cannot be wiped, but reading DER takes OpenSSL 3 nine times as long. Of a private key
      // `x` is not read.
      const jwk = { kty: "OKP", crv: "X25519", d: base64(secret), x: base64(secret.slice().fill(0)) };
      const privateKey = crypto.createPrivateKey({ key: jwk, format: "jwk" });
      const { x = "" } = crypto.createPublicKey(privateKey).export({ format: "jwk" });
      return {
        public: Uint8Array.from(Buffer.from(x, "base64url")),
        agree(point) {
          const key = { kty: "OKP", crv: "X25519", x: base64(point) };
          const publicKey = crypto.createPublicKey({ key, format: "jwk" });
          return plain(crypto.diffieHellman({ privateKey, publicKey }));
        },
      };
    },
    aead: (cipher, key) => new NodeAead(crypto, cipher, key),
  };
  try {
    return answers(primitives) ? primitives : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether all of it works. What workerd offers makes keys for X25519 but agrees on none, and fails to
 * seal an empty text with AES-256-GCM.
 */
function answers(primitives: Primitives): boolean {
  const zeros = new Uint8Array(32);
  const { public: point, agree } = primitives.x25519(zeros) as Exchange;
  const agreed = agree(new Uint8Array(32).fill(9, 0, 1)) as Uint8Array;
  const nonce = zeros.subarray(0, 12);
  for (const cipher of primitives.ciphers) {
    const aead = primitives.aead(cipher, zeros) as NodeAead;
    for (const text of [zeros, zeros.subarray(0, 0)]) aead.open(nonce, zeros, aead.seal(nonce, zeros, text));
  }
  return base64(point) === OF_ZEROS && base64(agreed) === OF_ZEROS;
}

class NodeAead implements Aead {
  readonly #crypto: NodeCrypto;
  readonly #cipher: "aes-256-gcm";
  readonly #key: ReturnType<NodeCrypto["createSecretKey"]>;

  constructor(crypto: NodeCrypto, cipher: Cipher, key: Uint8Array) {
    this.#crypto = crypto;
    // Both take the same options, but the types know each by its name.
    this.#cipher = cipher === AES_256_GCM ? "aes-256-gcm" : ("chacha20-poly1305" as "aes-256-gcm");
    this.#key = crypto.createSecretKey(key);
  }

  seal(nonce: Uint8Array, aad: Uint8Array, text: Uint8Array): Uint8Array {
    const cipher = this.#crypto.createCipheriv(this.#cipher, this.#key, nonce, OPTIONS).setAAD(aad);
    const sealed = new Uint8Array(text.length + TAG);
    sealed.set(cipher.update(text));
    cipher.final();
    sealed.set(cipher.getAuthTag(), text.length);
    return sealed;
  }

  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array {
    const end = sealed.length - TAG;
    const decipher = this.#crypto.createDecipheriv(this.#cipher, this.#key, nonce, OPTIONS).setAAD(aad);
    decipher.setAuthTag(sealed.subarray(end));
    const text = decipher.update(sealed.subarray(0, end));
    decipher.final();
    return plain(text);
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64url");
}

/** The same bytes without what a `Buffer` does otherwise. */
function plain({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const OPTIONS = { authTagLength: TAG };
/** The public key of 32 zeros. */
const OF_ZEROS = "L-V9o0fNYkMVKNqsX7spBzD_9oSvxM_C7ZCZX1jLO3Q";
