import { pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { HttpError } from "../errors.js";
import { type Argon2Hash, deriveArgon2, parseArgon2 } from "./argon2.js";

/** Turns passwords into hashes, and compares them with these and with those of the gateway. */
export class Passwords {
  #running = 0;
  #verifiesArgon2 = false;
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

  /** `$pbkdf2-sha256$i=100000,r=6$<salt>$<hash>`, which every host verifies. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(16);
    const key = await this.#derive(password, salt);
    return `${PREFIX}${unpadded(salt)}$${unpadded(key)}`;
  }

  /** Is it the password of this hash? Takes the same time without a hash, and then says no. */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const argon2 = hash === undefined ? undefined : parseArgon2(hash);
    this.#verifiesArgon2 ||= argon2 !== undefined;
    const known = hash !== undefined && FORM.test(hash);
    const [salt = "", key = ""] = (known ? hash : await this.#nobody).slice(PREFIX.length).split("$");
    const actual = await this.#derive(password, Buffer.from(salt, "base64"));
    const isRight = timingSafeEqual(actual, Buffer.from(key, "base64")) && known;
    // Where there are hashes of the gateway's, every login takes the time of both.
    if (!this.#verifiesArgon2) return isRight;
    const other = argon2 ?? NOBODY;
    const derived = await this.#inTurn(() => deriveArgon2(password, other));
    return isRight || (timingSafeEqual(derived, other.key) && argon2 !== undefined);
  }

  /** So many rounds, each of them over the output of the one before. */
  #derive(password: string, salt: Buffer): Promise<Buffer> {
    return this.#inTurn(async () => {
      let key: string | Buffer = password;
      for (let round = 0; round < ROUNDS; round += 1) key = await derive(key, salt);
      return key as Buffer;
    });
  }

  async #inTurn<Key>(work: () => Promise<Key>): Promise<Key> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  // Each takes a thread for some 200 ms: more at once starve everything else.
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

function derive(key: string | Buffer, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(key, salt, ITERATIONS, KEY_BYTES, "sha256", (error, derived) => (error ? reject(error) : resolve(derived)));
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}

const ITERATIONS = 100_000;
const ROUNDS = 6;
const PREFIX = `$pbkdf2-sha256$i=${ITERATIONS},r=${ROUNDS}$`;
const FORM = /^\$pbkdf2-sha256\$i=100000,r=6\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;
const KEY_BYTES = 32;
const MAX_RUNNING = 2;
const NOBODY: Argon2Hash = { memory: 19_456, passes: 2, parallelism: 1, salt: Buffer.from("kontract nobody!"), key: Buffer.alloc(32) };
