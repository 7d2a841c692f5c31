import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { HttpError } from "../errors.js";

/** Turns passwords into hashes and compares them. */
export class Passwords {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #maxWaiting: number;
  // What unknown users are compared with, so that they cost the same as known ones.
  readonly #nobody: Promise<string>;

  /** So many may wait for their turn; more are refused. */
  constructor(maxWaiting = 64) {
    this.#maxWaiting = maxWaiting;
    this.#nobody = this.hash(randomBytes(16).toString("hex"));
    this.#nobody.catch(() => {});
  }

  /** `$scrypt$ln=14,r=8,p=5$<salt>$<hash>` */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(16);
    const key = await this.#derive(password, salt);
    return `${PREFIX}${salt.toString("base64url")}$${key.toString("base64url")}`;
  }

  /** Is it the password of this hash? Takes the same time without a hash, and then says no. */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const nobody = await this.#nobody;
    const [salt = "", key = ""] = (hash ?? nobody).slice(PREFIX.length).split("$");
    const expected = Buffer.from(key, "base64url");
    const actual = await this.#derive(password, Buffer.from(salt, "base64url"));
    return timingSafeEqual(actual, expected) && hash !== undefined;
  }

  async #derive(password: string, salt: Buffer): Promise<Buffer> {
    await this.#enter();
    try {
      return await new Promise((resolve, reject) => {
        scrypt(password, salt, KEY_BYTES, COST, (error, key) => (error ? reject(error) : resolve(key)));
      });
    } finally {
      this.#leave();
    }
  }

  // Each takes 16 MB and a thread for some 100 ms: more at once starve everything else.
  async #enter(): Promise<void> {
    if (this.#running < MAX_RUNNING) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= this.#maxWaiting) throw new HttpError("Rate limit exceeded", 429, "RATE_LIMITED");
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}

const COST = { N: 2 ** 14, r: 8, p: 5 };
const PREFIX = "$scrypt$ln=14,r=8,p=5$";
const KEY_BYTES = 32;
const MAX_RUNNING = 2;
