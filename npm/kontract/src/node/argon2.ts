import * as crypto from "node:crypto";

/** `$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>`, the form that the gateway makes. */
export interface Argon2Hash {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** Reads a hash; undefined for one of another form, or one that would cost too much. */
export function parseArgon2(hash: string): Argon2Hash | undefined {
  const [, memory, passes, parallelism, salt = "", key = ""] = FORM.exec(hash) ?? [];
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const isFair = cost.memory <= MOST_MEMORY && cost.passes <= MOST_PASSES && cost.parallelism <= MOST_LANES;
  if (!isFair || cost.memory < 8 * cost.parallelism || cost.passes < 1 || cost.parallelism < 1) return undefined;
  return { ...cost, salt: Buffer.from(salt, "base64"), key: Buffer.from(key, "base64") };
}

/** The key that a password has under the parameters of a hash. */
export async function deriveArgon2(password: string, { memory, passes, parallelism, salt, key }: Argon2Hash): Promise<Uint8Array> {
  const { argon2 } = crypto as unknown as { argon2?: NativeArgon2 };
  if (argon2 === undefined) {
    // Node.js has it from version 24 on.
    const { argon2idAsync } = await import("@noble/hashes/argon2.js");
    return argon2idAsync(Buffer.from(password), salt, { m: memory, t: passes, p: parallelism, dkLen: key.length });
  }
  const parameters = { message: password, nonce: salt, parallelism, tagLength: key.length, memory, passes };
  return new Promise((resolve, reject) => {
    argon2("argon2id", parameters, (error, derived) => (error ? reject(error) : resolve(derived)));
  });
}

type NativeArgon2 = (
  algorithm: string,
  parameters: Readonly<Record<string, unknown>>,
  done: (error: Error | null, derived: Buffer) => void,
) => void;

const FORM = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/;
/** KiB. */
const MOST_MEMORY = 1 << 17;
const MOST_PASSES = 10;
const MOST_LANES = 16;
