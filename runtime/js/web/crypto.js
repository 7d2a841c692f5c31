// crypto: random bytes and the parts of SubtleCrypto that handlers need. The host computes.
export default (op, use) => {
  const KEY = Symbol();
  const { view } = use("bytes");
  let secretOf;

  class CryptoKey {
    #secret;
    #algorithm;
    #usages;
    #extractable;

    constructor(key, secret, algorithm, extractable, usages) {
      if (key !== KEY) throw new TypeError("Illegal constructor");
      this.#secret = secret;
      this.#algorithm = Object.freeze(algorithm);
      this.#extractable = extractable;
      this.#usages = Object.freeze(usages);
    }

    static {
      secretOf = (key) => key.#secret;
    }

    get type() {
      this.#secret;
      return "secret";
    }
    get algorithm() {
      return this.#algorithm;
    }
    get extractable() {
      return this.#extractable;
    }
    get usages() {
      return this.#usages;
    }
    get [Symbol.toStringTag]() {
      return "CryptoKey";
    }
  }

  class SubtleCrypto {
    #brand = true;

    constructor(key) {
      if (key !== KEY) throw new TypeError("Illegal constructor");
    }

    async digest(algorithm, data) {
      this.#brand;
      return op.digest(hashOf(algorithm), copy(data)).buffer;
    }

    async importKey(format, data, algorithm, extractable, usages) {
      this.#brand;
      const named = algorithmOf(algorithm);
      const allowed = usagesOf(named.name, usages);
      const free = Boolean(extractable);
      if (format !== "raw" && format !== "jwk") {
        throw failure("NotSupportedError", `Keys of the format '${format}' are not supported: only raw and jwk`);
      }
      if (DERIVES.has(named.name)) {
        if (format !== "raw") throw failure("NotSupportedError", `${named.name} takes raw keys only`);
        if (free) throw failure("SyntaxError", `A ${named.name} key cannot be extractable`);
        return new CryptoKey(KEY, copy(data), { name: named.name }, false, allowed);
      }
      const secret = format === "raw" ? copy(data) : use("jwk").read(data, named, free, allowed);
      if (allowed.length === 0) throw failure("SyntaxError", "A secret key needs a usage");
      return new CryptoKey(KEY, secret, keyAlgorithm(named, secret), free, allowed);
    }

    async exportKey(format, key) {
      this.#brand;
      const secret = secretOf(key);
      if (DERIVES.has(key.algorithm.name)) throw failure("NotSupportedError", `${key.algorithm.name} keys stay inside`);
      if (!key.extractable) throw failure("InvalidAccessError", "The key is not extractable");
      if (format === "raw") return secret.slice().buffer;
      if (format === "jwk") return use("jwk").write(secret, key);
      throw failure("NotSupportedError", `Keys of the format '${format}' are not supported: only raw and jwk`);
    }

    async generateKey(algorithm, extractable, usages) {
      this.#brand;
      const named = algorithmOf(algorithm);
      if (DERIVES.has(named.name)) throw failure("NotSupportedError", `${named.name} keys are imported, not generated`);
      const allowed = usagesOf(named.name, usages);
      if (allowed.length === 0) throw failure("SyntaxError", "A secret key needs a usage");
      const secret = op.random(bitsOf(named) / 8);
      return new CryptoKey(KEY, secret, keyAlgorithm(named, secret), Boolean(extractable), allowed);
    }

    async sign(algorithm, key, data) {
      this.#brand;
      const message = copy(data);
      const secret = permitted(key, nameOf(algorithm), "sign");
      return op.sign(key.algorithm.hash.name, secret, message).buffer;
    }

    async verify(algorithm, key, signature, data) {
      this.#brand;
      const [mark, message] = [copy(signature), copy(data)];
      const secret = permitted(key, nameOf(algorithm), "verify");
      return op.verify(key.algorithm.hash.name, secret, mark, message);
    }

    async encrypt(algorithm, key, data) {
      this.#brand;
      const [iv, extra, message] = sealing(algorithm, data);
      return op.seal(permitted(key, nameOf(algorithm), "encrypt"), iv, extra, message).buffer;
    }

    async decrypt(algorithm, key, data) {
      this.#brand;
      const [iv, extra, message] = sealing(algorithm, data);
      return op.open(permitted(key, nameOf(algorithm), "decrypt"), iv, extra, message).buffer;
    }

    async deriveBits(algorithm, key, length = null) {
      this.#brand;
      return (await derive(algorithm, key, length, "deriveBits")).buffer;
    }

    async deriveKey(algorithm, key, derived, extractable, usages) {
      this.#brand;
      const named = algorithmOf(derived);
      const bits = DERIVES.has(named.name) ? null : bitsOf(named);
      const secret = await derive(algorithm, key, bits, "deriveKey");
      return this.importKey("raw", secret, derived, extractable, usages);
    }

    get [Symbol.toStringTag]() {
      return "SubtleCrypto";
    }
  }

  class Crypto {
    #subtle = Object.freeze(new SubtleCrypto(KEY));

    constructor(key) {
      if (key !== KEY) throw new TypeError("Illegal constructor");
    }

    get subtle() {
      return this.#subtle;
    }

    getRandomValues(array) {
      this.#subtle;
      if (!ArrayBuffer.isView(array) || !INTEGERS.has(array[Symbol.toStringTag])) {
        throw failure("TypeMismatchError", "getRandomValues takes a typed array of integers");
      }
      if (array.byteLength > 65536) {
        throw failure("QuotaExceededError", "getRandomValues gives at most 65536 bytes at a time");
      }
      view(array).set(op.random(array.byteLength));
      return array;
    }

    randomUUID() {
      this.#subtle;
      const bytes = op.random(16);
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      const hex = bytes.toHex();
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    }

    get [Symbol.toStringTag]() {
      return "Crypto";
    }
  }

  async function derive(algorithm, key, length, usage) {
    const name = nameOf(algorithm);
    if (!DERIVES.has(name)) throw failure("NotSupportedError", `${name} derives nothing`);
    const secret = permitted(key, name, usage);
    const hash = hashOf(algorithm.hash);
    const salt = copy(algorithm.salt);
    if (length === null || length % 8 !== 0 || length < 0) {
      throw failure("OperationError", "The length must be a number of bits that makes whole bytes");
    }
    if (name === "HKDF") return op.hkdf(hash, secret, salt, copy(algorithm.info), length / 8);
    const iterations = Math.trunc(Number(algorithm.iterations));
    if (!(iterations >= 1 && iterations <= 0xffffffff)) {
      throw failure("OperationError", "PBKDF2 needs a number of iterations");
    }
    return op.pbkdf2(hash, secret, salt, iterations, length / 8);
  }

  function permitted(key, name, usage) {
    const secret = secretOf(key);
    if (key.algorithm.name !== name) {
      throw failure("InvalidAccessError", `This is a key for ${key.algorithm.name}, not for ${name}`);
    }
    if (!key.usages.includes(usage)) throw failure("InvalidAccessError", `The key's usages lack '${usage}'`);
    return secret;
  }

  function sealing(algorithm, data) {
    nameOf(algorithm);
    const { iv, additionalData, tagLength = 128 } = algorithm;
    if (tagLength !== 128) throw failure("NotSupportedError", "Only tags of 128 bits are supported");
    const nonce = copy(iv);
    if (nonce.length !== 12) throw failure("NotSupportedError", "Only an iv of 12 bytes is supported");
    return [nonce, additionalData === undefined ? new Uint8Array(0) : copy(additionalData), copy(data)];
  }

  function copy(source) {
    return view(source).slice();
  }

  return { crypto: new Crypto(KEY), Crypto, SubtleCrypto, CryptoKey };
};

function nameOf(algorithm) {
  const given = typeof algorithm === "string" ? algorithm : algorithm?.name;
  const name = NAMES.get(String(given).toUpperCase());
  if (name === undefined) {
    throw failure("NotSupportedError", `'${given}' is not supported: only ${[...NAMES.values()].join(", ")}`);
  }
  return name;
}

function algorithmOf(algorithm) {
  const name = nameOf(algorithm);
  if (name === "HMAC") return { name, hash: hashOf(algorithm.hash), length: algorithm.length };
  return { name, length: algorithm.length };
}

function keyAlgorithm({ name, hash, length }, secret) {
  const bits = secret.length * 8;
  if (name === "HMAC") {
    if (bits === 0) throw failure("DataError", "The key is empty");
    if (length !== undefined && length !== bits) throw failure("DataError", "The key is not of the length given");
    return { name, hash: Object.freeze({ name: hash }), length: bits };
  }
  if (bits === 192) throw failure("NotSupportedError", "AES keys of 192 bits are not supported");
  if (bits !== 128 && bits !== 256) throw failure("DataError", "An AES key has 128 or 256 bits");
  return { name, length: bits };
}

function bitsOf({ name, hash, length }) {
  if (name === "HMAC") {
    const bits = length ?? (hash === "SHA-1" || hash === "SHA-256" ? 512 : 1024);
    if (!(bits > 0 && bits % 8 === 0 && bits <= 65536)) {
      throw failure("OperationError", "An HMAC key has a number of bits that makes whole bytes, at most 65536");
    }
    return bits;
  }
  if (length === 192) throw failure("NotSupportedError", "AES keys of 192 bits are not supported");
  if (length !== 128 && length !== 256) throw failure("OperationError", "An AES key has 128 or 256 bits");
  return length;
}

function usagesOf(name, usages) {
  const list = [...new Set(Array.from(usages, String))];
  for (const usage of list) {
    if (!ALL_USAGES.has(usage)) throw new TypeError(`'${usage}' is not a key's usage`);
    if (!USAGES[name].includes(usage)) throw failure("SyntaxError", `A key for ${name} cannot be used to ${usage}`);
  }
  return list;
}

function hashOf(algorithm) {
  if (algorithm === undefined) throw new TypeError("The algorithm needs a hash");
  const given = typeof algorithm === "string" ? algorithm : algorithm?.name;
  const name = String(given).toUpperCase();
  if (!HASHES.has(name)) {
    throw failure("NotSupportedError", `'${given}' is not supported: only ${[...HASHES].join(", ")}`);
  }
  return name;
}

function failure(name, message) {
  return new DOMException(message, name);
}

const HASHES = new Set(["SHA-1", "SHA-256", "SHA-384", "SHA-512"]);
const NAMES = new Map(["HMAC", "AES-GCM", "PBKDF2", "HKDF"].map((name) => [name, name]));
const DERIVES = new Set(["PBKDF2", "HKDF"]);
const USAGES = {
  HMAC: ["sign", "verify"],
  "AES-GCM": ["encrypt", "decrypt", "wrapKey", "unwrapKey"],
  PBKDF2: ["deriveKey", "deriveBits"],
  HKDF: ["deriveKey", "deriveBits"],
};
const ALL_USAGES = new Set([
  ...["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"],
]);
const INTEGERS = new Set([
  ...["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array"],
  ...["Int32Array", "Uint32Array", "BigInt64Array", "BigUint64Array"],
]);
