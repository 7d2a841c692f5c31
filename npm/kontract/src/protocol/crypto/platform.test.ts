import * as nodeCrypto from "node:crypto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { errorOf, hex } from "../../testing/wire.js";
import { nodePrimitives } from "./node.js";
import { CHACHA20_POLY1305, type Primitives } from "./primitives.js";
import { webPrimitives } from "./web.js";

beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllGlobals());

/** What a platform finds, of which this process is a copy with changes. */
async function found(): Promise<Primitives> {
  const { primitives } = await import("./platform.js");
  const one = primitives();
  expect(primitives()).toBe(one);
  return one;
}

const BASE = new Uint8Array(32).fill(9, 0, 1);
/** RFC 7748's first iteration. */
const FIRST = "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079";

test("Node's cryptography answers at once", async () => {
  const primitives = await found();
  expect(primitives.sha256(new Uint8Array(0))).toBeInstanceOf(Uint8Array);
  expect(primitives.x25519(BASE)).not.toBeInstanceOf(Promise);
  const [one, other] = [new Uint8Array(16), new Uint8Array(16)];
  primitives.random(one);
  primitives.random(other);
  expect(one).not.toEqual(other);
});

test("a platform that is not Node has WebCrypto, and takes @noble's where that lacks something", async () => {
  const { subtle } = globalThis.crypto;
  const importKey = (...given: Parameters<typeof subtle.importKey>): ReturnType<typeof subtle.importKey> =>
    given[2] === "X25519" ? Promise.reject(new TypeError("unknown")) : subtle.importKey(...given);
  const poor = new Proxy(subtle, {
    get: (target, name) => (name === "importKey" ? importKey : Reflect.get(target, name).bind(target)),
  });
  const getRandomValues = globalThis.crypto.getRandomValues.bind(globalThis.crypto);
  vi.stubGlobal("process", { env: process.env });
  for (const offered of [subtle, poor]) {
    vi.stubGlobal("crypto", { subtle: offered, getRandomValues });
    vi.resetModules();
    const primitives = await found();
    expect(hex((await primitives.x25519(BASE)).public)).toBe(FIRST);
    expect(primitives.sha256(BASE)).toBeInstanceOf(Promise);
    const zeros = new Uint8Array(32);
    const aead = await primitives.aead(CHACHA20_POLY1305, zeros);
    const sealed = await aead.seal(zeros.subarray(0, 12), BASE, zeros);
    expect(await aead.open(zeros.subarray(0, 12), BASE, sealed)).toEqual(zeros);
    const random = new Uint8Array(16);
    primitives.random(random);
    expect(random).not.toEqual(new Uint8Array(16));
  }
});

test("a platform that imitates Node without all of it has WebCrypto", async () => {
  const missing = (): never => {
    throw new Error("unknown");
  };
  const emptyUnknown = (...given: Parameters<typeof nodeCrypto.createCipheriv>): ReturnType<typeof nodeCrypto.createCipheriv> => {
    const cipher = nodeCrypto.createCipheriv(...given);
    const update = cipher.update.bind(cipher) as (text: Uint8Array) => Buffer;
    return Object.assign(cipher, { update: (text: Uint8Array) => (text.length > 0 ? update(text) : missing()) });
  };
  for (const change of [{ createCipheriv: missing }, { diffieHellman: undefined }, { createCipheriv: emptyUnknown }]) {
    const partial = { ...nodeCrypto, ...change };
    expect(nodePrimitives(partial as unknown as typeof nodeCrypto)).toBeUndefined();
    vi.stubGlobal("process", { env: process.env, getBuiltinModule: () => partial });
    vi.resetModules();
    const primitives = await found();
    expect(primitives.sha256(BASE)).toBeInstanceOf(Promise);
  }
});

test("a page without TLS has neither", async () => {
  vi.stubGlobal("crypto", {});
  expect(await errorOf(webPrimitives)).toBe("program: NotConfigured");
});
