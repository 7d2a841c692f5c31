/** What the database knows the session of a token by: HMAC-SHA256 of the token under `KONTRACT_SECRET`. */
export async function sessionKey(secret: string, token: string): Promise<Uint8Array> {
  return new KeyMaker(secret).make(token);
}

/** Makes the keys of sessions under one secret. */
export class KeyMaker {
  readonly #secret: ReturnType<typeof crypto.subtle.importKey>;

  constructor(secret: string) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    this.#secret = crypto.subtle.importKey("raw", utf8.encode(secret), algorithm, false, ["sign"]);
    this.#secret.catch(() => {});
  }

  async make(token: string): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.sign("HMAC", await this.#secret, utf8.encode(token)));
  }
}

/** Bytes as PostgreSQL's `decode(…, 'hex')` takes them. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes that `hex` writes. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

/** The SHA-256 of a text, in hex. */
export async function sha256(text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8.encode(text))));
}

/** Stands for the sessions that calls without a login share. No token: tokens are base64url. */
export const ANONYMOUS = "anonymous:main";

const utf8 = new TextEncoder();
