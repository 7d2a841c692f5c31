import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { describe, expect, test } from "vitest";
import { errorOf, fixture, hex, PLATFORMS, unhex } from "../testing/wire.js";
import { concat } from "./bytes.js";
import { PrivateKey } from "./crypto/exchange.js";
import { expand, extract } from "./crypto/kdf.js";
import { AES_256_GCM, type Aead, CHACHA20_POLY1305, type Primitives } from "./crypto/primitives.js";
import { Secret } from "./crypto/secret.js";
import { Initiator, Responder } from "./handshake/noise.js";

type Vector = Readonly<Record<string, string>> & { readonly id: number; readonly valid: boolean };
interface File {
  readonly tests: readonly Vector[];
}

const bytes = (test: Readonly<Record<string, unknown>>, name: string): Uint8Array => unhex(test[name] as string);

async function agrees(test: Vector, load: (key: Uint8Array) => Aead | Promise<Aead>): Promise<void> {
  const [key, iv, aad, msg, ct, tag] = ["key", "iv", "aad", "msg", "ct", "tag"].map((name) => bytes(test, name)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const aead = await load(key);
  const sealed = concat(ct, tag);
  // What a provider throws does not matter: callers make one error of it.
  const opened = await Promise.resolve()
    .then(() => aead.open(iv, aad, sealed))
    .then(hex, () => "refused");
  expect(opened, `${test.id}`).toBe(test.valid ? hex(msg) : "refused");
  if (test.valid) expect(hex(await aead.seal(iv, aad, msg)), `${test.id}`).toBe(hex(sealed));
}

async function hkdf(primitives: Primitives, test: Vector, length: number): Promise<string> {
  const prk = await extract(primitives, bytes(test, "salt"), bytes(test, "ikm"));
  return hex(await expand(primitives, prk, bytes(test, "info"), length));
}

describe.each(Object.entries(PLATFORMS))("the primitives of %s", (platform, load) => {
  test("agree with Wycheproof on ciphers", async () => {
    const primitives = await load();
    for (const [name, cipher, least] of [
      ["chacha20-poly1305", CHACHA20_POLY1305, 200],
      ["aes-256-gcm", AES_256_GCM, 60],
    ] as const) {
      const { tests } = fixture<File>(`wycheproof/${name}.json`);
      expect(tests.length).toBeGreaterThan(least);
      for (const test of tests) await agrees(test, (key) => primitives.aead(cipher, key));
    }
  });

  test("agree with Wycheproof on X25519, and refuse a shared secret of zeros", async () => {
    const primitives = await load();
    const { tests } = fixture<File>("wycheproof/x25519.json");
    expect(tests.length).toBeGreaterThan(500);
    for (const test of tests) {
      const key = await PrivateKey.of(primitives, bytes(test, "private"));
      const zero = test["zero"] as unknown as boolean;
      if (zero) {
        expect(await errorOf(() => key.agree(bytes(test, "public"))), `${test.id}`).toBe("peer: WeakKey");
      } else {
        expect(hex(await key.agree(bytes(test, "public"))), `${test.id}`).toBe(test["shared"]);
      }
    }
  });

  test("agree with Wycheproof on HKDF and HMAC", async () => {
    const primitives = await load();
    const hkdfs = fixture<File>("wycheproof/hkdf-sha256.json").tests.filter((test) => test.valid);
    expect(hkdfs.length).toBeGreaterThan(70);
    for (const test of hkdfs) {
      expect(await hkdf(primitives, test, Number(test["size"])), `${test.id}`).toBe(test["okm"]);
    }
    const hmacs = fixture<File>("wycheproof/hmac-sha256.json").tests;
    expect(hmacs.length).toBeGreaterThan(80);
    for (const test of hmacs) {
      const tag = hex(await primitives.hmac(bytes(test, "key"), bytes(test, "msg")));
      expect(tag === test["tag"], `${test.id}`).toBe(test.valid);
    }
  });

  test("agree with their RFCs", async () => {
    const primitives = await load();
    const rfcs = fixture<Readonly<Record<string, readonly Vector[]>>>("rfc.json");
    const of = (name: string): readonly Vector[] => rfcs[name] ?? [];
    expect(["x25519", "chacha20_poly1305", "hkdf_sha256", "hmac_sha256"].every((name) => of(name).length > 0)).toBe(true);
    for (const test of of("x25519")) {
      const key = await primitives.x25519(bytes(test, "private"));
      expect(hex(await key.agree(bytes(test, "public")))).toBe(test["shared"]);
    }
    const iterated = rfcs["x25519_iterated"] as unknown as Readonly<Record<string, string>>;
    let [k, u] = [bytes(iterated, "start"), bytes(iterated, "start")];
    // In JavaScript a thousand take seconds.
    const iterations = platform === "noble" ? 1 : 1000;
    for (let round = 1; round <= iterations; round++) {
      [k, u] = [await (await primitives.x25519(k)).agree(u), k];
      if (round === 1) expect(hex(k)).toBe(iterated["after_1"]);
    }
    expect(hex(k)).toBe(iterated[`after_${iterations}`]);
    for (const test of of("chacha20_poly1305")) {
      await agrees({ ...test, valid: true } as Vector, (key) => primitives.aead(CHACHA20_POLY1305, key));
    }
    for (const test of of("hkdf_sha256")) {
      expect(hex(await extract(primitives, bytes(test, "salt"), bytes(test, "ikm")))).toBe(test["prk"]);
      expect(await hkdf(primitives, test, bytes(test, "okm").length)).toBe(test["okm"]);
    }
    for (const test of of("hmac_sha256").filter((test) => bytes(test, "key").length > 0)) {
      const tag = hex(await primitives.hmac(bytes(test, "key"), bytes(test, "msg")));
      expect(tag.slice(0, (test["tag"] as string).length)).toBe(test["tag"]);
    }
  });

  test("speak the patterns of Noise as its vectors do", async () => {
    const primitives = await load();
    const { tests } = fixture<{
      tests: readonly (Readonly<Record<string, string | null>> & {
        readonly messages: readonly Readonly<Record<"payload" | "ciphertext", string>>[];
      })[];
    }>("noise.json");
    expect(tests.length).toBeGreaterThanOrEqual(3);
    for (const test of tests) {
      const psk = test["psk"] ? new Secret<"resume psk">(bytes(test, "psk")) : undefined;
      const server = await PrivateKey.of(primitives, bytes(test, "server_static"));
      const ephemeral = await PrivateKey.of(primitives, bytes(test, "client_ephemeral"));
      const answering = await PrivateKey.of(primitives, bytes(test, "server_ephemeral"));
      const prologue = bytes(test, "prologue");
      const [one, two] = test.messages;
      if (!one || !two) throw new Error("messages");
      expect(hex(server.public)).toBe(test["server_public"]);
      const { initiator, message } = await Initiator.start(
        primitives,
        prologue,
        server.public,
        psk,
        ephemeral,
        unhex(one.payload),
      );
      expect(hex(message)).toBe(one.ciphertext);
      const responder = await Responder.read(primitives, prologue, server, psk, message);
      expect(hex(responder.payload)).toBe(one.payload);
      const answer = await responder.answer(answering, unhex(two.payload));
      expect(hex(answer.message)).toBe(two.ciphertext);
      const finished = await initiator.finish(answer.message);
      expect(hex(finished.payload)).toBe(two.payload);
      expect(hex(finished.split.keys.expose())).toBe(hex(answer.split.keys.expose()));
      if (test["hash"]) expect(hex(finished.split.hash)).toBe(test["hash"]);
    }
  });
});

test("XChaCha20-Poly1305 agrees with Wycheproof", async () => {
  const { tests } = fixture<File>("wycheproof/xchacha20-poly1305.json");
  expect(tests.length).toBeGreaterThan(200);
  for (const test of tests) {
    await agrees(test, (key) => ({
      seal: (nonce, aad, text) => xchacha20poly1305(key, nonce, aad).encrypt(text),
      open: (nonce, aad, sealed) => xchacha20poly1305(key, nonce, aad).decrypt(sealed),
    }));
  }
});
