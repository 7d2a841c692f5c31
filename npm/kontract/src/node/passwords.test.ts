import { expect, test } from "vitest";
import { Passwords } from "./passwords.js";

test("a password is recognised by its hash, and no other", async () => {
  const passwords = new Passwords();
  const hash = await passwords.hash("correct horse");
  expect(hash).toMatch(/^\$pbkdf2-sha256\$i=100000,r=6\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(await passwords.verify("correct horse", hash)).toBe(true);
  expect(await passwords.verify("wrong horse", hash)).toBe(false);
  expect(await passwords.verify("correct horse", undefined)).toBe(false);
  expect(await passwords.verify("correct horse", "$argon2id$v=19$m=19456,t=2,p=1$a29udHJhY3Q$AAAA")).toBe(false);
});

test("the same password has another hash each time", async () => {
  const passwords = new Passwords();
  expect(await passwords.hash("correct horse")).not.toBe(await passwords.hash("correct horse"));
});

test("more than can wait are told to come back", async () => {
  const passwords = new Passwords(2);
  const settled = await Promise.allSettled(Array.from({ length: 6 }, () => passwords.hash("correct horse")));
  expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled", "rejected", "rejected", "rejected"]);
  expect(settled[5]).toMatchObject({ reason: { status: 429, code: "RATE_LIMITED" } });
  await expect(passwords.hash("correct horse")).resolves.toBeDefined();
});

test("a hash that another implementation made is verified", async () => {
  // Python: key = b'correct horse', then six times
  // key = hashlib.pbkdf2_hmac('sha256', key, b'0123456789abcdef', 100000)
  const hash = "$pbkdf2-sha256$i=100000,r=6$MDEyMzQ1Njc4OWFiY2RlZg$W010G8GrPFkHtHhN1cO8LY3AckzdsddB8rcQddSJrLg";
  expect(await new Passwords().verify("correct horse", hash)).toBe(true);
});

test("a hash of the gateway's form is verified", async () => {
  const passwords = new Passwords();
  // From the test vectors of the reference implementation.
  const reference = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
  expect(await passwords.verify("password", reference)).toBe(true);
  expect(await passwords.verify("Password", reference)).toBe(false);
  expect(await passwords.verify("password", undefined)).toBe(false);
  expect(await passwords.verify("correct horse", await passwords.hash("correct horse"))).toBe(true);
});

test.each([
  "$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
  "$argon2id$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
  "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
  "$argon2id$v=19$m=7,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
])("%s is nobody's hash", async (hash) => {
  expect(await new Passwords().verify("password", hash)).toBe(false);
});
