const { subtle } = crypto;

test("what is not supported says so", async () => {
  const iv = new Uint8Array(12);
  const key = await subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt"]);
  await rejects(subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(16) }, key, iv), "12 bytes");
  await rejects(subtle.encrypt({ name: "AES-GCM", iv, tagLength: 96 }, key, iv), "128 bits");
  await rejects(subtle.generateKey({ name: "AES-GCM", length: 192 }, true, ["encrypt"]), "192 bits");
  await rejects(subtle.importKey("raw", new Uint8Array(24), "AES-GCM", true, ["encrypt"]), "192 bits");
  await rejects(subtle.generateKey({ name: "RSA-PSS" }, true, ["sign"]), "only HMAC, AES-GCM, PBKDF2, HKDF");
  await rejects(subtle.importKey("raw", new Uint8Array(1), "HMAC", true, ["sign"]), "needs a hash");
  const hmac = { name: "HMAC", hash: "SHA-256" };
  await rejects(subtle.importKey("spki", new Uint8Array(1), hmac, true, ["sign"]), "only raw and jwk");
  const password = await subtle.importKey("raw", iv, "PBKDF2", false, ["deriveBits"]);
  const slow = { name: "PBKDF2", hash: "SHA-256", salt: iv, iterations: 4_000_000_000 };
  await rejects(subtle.deriveBits(slow, password, 256), "10 million rounds");
  const long = { name: "PBKDF2", hash: "SHA-256", salt: iv, iterations: 1 };
  await rejects(subtle.deriveBits(long, password, 8 * 100_000), "64 KB");
  throws(() => new ReadableStream().getReader({ mode: "byob" }), "not supported");
});

test("outsiders cannot make keys or signals", () => {
  throws(() => new CryptoKey(), "Illegal constructor");
  throws(() => new Crypto(), "Illegal constructor");
  throws(() => new SubtleCrypto(), "Illegal constructor");
});
