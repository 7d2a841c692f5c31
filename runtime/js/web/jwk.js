// Secret keys as JSON Web Keys (RFC 7517).
export default () => ({
  read(jwk, { name, hash }, extractable, usages) {
    if (typeof jwk !== "object" || jwk === null) throw new TypeError("A JSON Web Key is an object");
    if (jwk.kty !== "oct" || typeof jwk.k !== "string") throw invalid("A secret key has kty 'oct' and k");
    let secret;
    try {
      secret = Uint8Array.fromBase64(jwk.k, { alphabet: "base64url" });
    } catch {
      throw invalid("k is not base64url");
    }
    const alg = algorithmName(name, hash, secret);
    if (jwk.alg !== undefined && jwk.alg !== alg) throw invalid(`The key's alg is not ${alg}`);
    const use = name === "HMAC" ? "sig" : "enc";
    if (usages.length > 0 && jwk.use !== undefined && jwk.use !== use) throw invalid(`The key's use is not ${use}`);
    if (jwk.key_ops !== undefined && !usages.every((usage) => jwk.key_ops.includes(usage))) {
      throw invalid("The key's key_ops lack a usage");
    }
    if (jwk.ext === false && extractable) throw invalid("The key must not be extractable");
    return secret;
  },

  write(secret, key) {
    const { name, hash } = key.algorithm;
    return {
      key_ops: [...key.usages],
      ext: key.extractable,
      kty: "oct",
      k: secret.toBase64({ alphabet: "base64url", omitPadding: true }),
      alg: algorithmName(name, hash?.name, secret),
    };
  },
});

function algorithmName(name, hash, secret) {
  return name === "HMAC" ? `HS${hash.slice(4)}` : `A${secret.length * 8}GCM`;
}

function invalid(message) {
  return new DOMException(message, "DataError");
}
