const { subtle } = crypto;
const raw = (secret, algorithm, usages, extractable = false) =>
  subtle.importKey("raw", typeof secret === "string" ? utf8(secret) : secret, algorithm, extractable, usages);
const FOX = utf8("The quick brown fox jumps over the lazy dog");

test("digests are Node's", async () => {
  for (const [hash, [empty, fox]] of Object.entries(VECTORS.digest)) {
    equal(hex(await subtle.digest(hash, new Uint8Array(0))), empty);
    equal(hex(await subtle.digest({ name: hash.toLowerCase() }, FOX.buffer)), fox);
  }
  equal(hex(await subtle.digest("SHA-1", new DataView(FOX.buffer))), VECTORS.digest["SHA-1"][1]);
  await rejects(subtle.digest("MD5", FOX), "NotSupportedError");
  await rejects(subtle.digest("SHA-1", "text"), "TypeError");
});

test("HMACs are Node's", async () => {
  for (const [hash, mark] of Object.entries(VECTORS.hmac)) {
    const key = await raw("key", { name: "HMAC", hash }, ["sign", "verify"]);
    equal(hex(await subtle.sign("hmac", key, FOX)), mark);
    equal(await subtle.verify("HMAC", key, unhex(mark), FOX), true);
    equal(await subtle.verify("HMAC", key, unhex(mark.slice(2)), FOX), false);
    equal(await subtle.verify("HMAC", key, unhex(mark), utf8("other")), false);
  }
});

test("AES-GCM is Node's", async () => {
  for (const [secret, iv, aad, text, sealed] of VECTORS.gcm) {
    const key = await raw(unhex(secret), "AES-GCM", ["encrypt", "decrypt"]);
    const algorithm = { name: "AES-GCM", iv: unhex(iv), ...(aad && { additionalData: utf8(aad) }) };
    equal(hex(await subtle.encrypt(algorithm, key, utf8(text))), sealed);
    equal(await subtle.decrypt(algorithm, key, unhex(sealed)), utf8(text).buffer);
    const broken = unhex(sealed);
    broken[0] ^= 1;
    await rejects(subtle.decrypt(algorithm, key, broken), "OperationError");
    await rejects(subtle.decrypt({ ...algorithm, additionalData: utf8("x") }, key, unhex(sealed)), "OperationError");
    await rejects(subtle.decrypt(algorithm, key, new Uint8Array(3)), "OperationError");
  }
});

test("PBKDF2 and HKDF are Node's", async () => {
  const password = await raw("password", "PBKDF2", ["deriveBits", "deriveKey"]);
  for (const [hash, salt, iterations, bits, derived] of VECTORS.pbkdf2) {
    equal(hex(await subtle.deriveBits({ name: "PBKDF2", hash, salt: utf8(salt), iterations }, password, bits)), derived);
  }
  const secret = await raw("secret", "HKDF", ["deriveBits", "deriveKey"]);
  for (const [hash, salt, info, bits, derived] of VECTORS.hkdf) {
    equal(hex(await subtle.deriveBits({ name: "HKDF", hash, salt: utf8(salt), info: utf8(info) }, secret, bits)), derived);
  }
  const algorithm = { name: "PBKDF2", hash: "SHA-256", salt: utf8("s"), iterations: 10 };
  const key = await subtle.deriveKey(algorithm, password, { name: "AES-GCM", length: 256 }, true, ["encrypt"]);
  const bits = await subtle.deriveBits(algorithm, password, 256);
  equal(await subtle.exportKey("raw", key), bits);
  const mac = await subtle.deriveKey({ name: "HKDF", hash: "SHA-1", salt: utf8(""), info: utf8("") }, secret, { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
  equal(mac.algorithm.length, 512);
  await rejects(subtle.deriveBits({ ...algorithm, iterations: 0 }, password, 256), "OperationError");
  await rejects(subtle.deriveBits(algorithm, password, 12), "OperationError");
  await rejects(subtle.deriveBits({ name: "HKDF", hash: "SHA-1", salt: utf8(""), info: utf8("") }, secret, 8 * 255 * 21), "OperationError");
});

test("keys come and go as JSON Web Keys", async () => {
  const key = await subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign", "verify"]);
  const jwk = await subtle.exportKey("jwk", key);
  equal([jwk.kty, jwk.alg, jwk.ext, jwk.key_ops, jwk.k.length], ["oct", "HS256", true, ["sign", "verify"], 86]);
  const back = await subtle.importKey("jwk", jwk, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  equal(await subtle.verify("HMAC", back, await subtle.sign("HMAC", key, FOX), FOX), true);
  await rejects(subtle.exportKey("raw", back), IN_NODE ? "extractable" : "InvalidAccessError");
  await rejects(subtle.sign("HMAC", back, FOX), "InvalidAccessError");
  const aes = await subtle.importKey("jwk", { kty: "oct", k: "AAECAwQFBgcICQoLDA0ODw" }, "AES-GCM", true, ["encrypt"]);
  equal(hex(await subtle.exportKey("raw", aes)), "000102030405060708090a0b0c0d0e0f");
  equal((await subtle.exportKey("jwk", aes)).alg, "A128GCM");
  await rejects(subtle.importKey("jwk", { ...jwk, alg: "HS512" }, { name: "HMAC", hash: "SHA-256" }, true, ["sign"]), "DataError");
  await rejects(subtle.importKey("jwk", { kty: "RSA" }, "AES-GCM", true, ["encrypt"]), "DataError");
});

test("a key is for what it says", async () => {
  const key = await subtle.generateKey({ name: "AES-GCM", length: 128 }, false, ["encrypt"]);
  equal([key.type, key.extractable, key.algorithm, key.usages], ["secret", false, { name: "AES-GCM", length: 128 }, ["encrypt"]]);
  await rejects(subtle.decrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, FOX), "InvalidAccessError");
  await rejects(subtle.sign("HMAC", key, FOX), "InvalidAccessError");
  await rejects(subtle.exportKey("raw", key), IN_NODE ? "extractable" : "InvalidAccessError");
  await rejects(raw("short", "AES-GCM", ["encrypt"]), "DataError");
  await rejects(raw("key", { name: "HMAC", hash: "SHA-256" }, []), "SyntaxError");
  await rejects(raw("key", { name: "HMAC", hash: "SHA-256" }, ["encrypt"]), "SyntaxError");
  await rejects(raw("key", { name: "HMAC", hash: "SHA-256" }, ["fly"]), "TypeError");
  await rejects(subtle.generateKey({ name: "AES-GCM", length: 100 }, true, ["encrypt"]), "OperationError");
});

test("random bytes are random", () => {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  truthy(bytes.some((byte) => byte !== 0));
  const part = new Uint32Array(8);
  truthy(crypto.getRandomValues(part.subarray(2, 4)).length === 2 && part[0] === 0 && part[7] === 0);
  throws(() => crypto.getRandomValues(new Float64Array(1)), "TypeMismatchError");
  throws(() => crypto.getRandomValues(new Uint8Array(65537)), "QuotaExceededError");
  const uuids = new Set(Array.from({ length: 100 }, () => crypto.randomUUID()));
  equal(uuids.size, 100);
  for (const uuid of uuids) truthy(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid));
});
