const CLASSES = [
  AbortController, AbortSignal, Blob, ByteLengthQueuingStrategy, CountQueuingStrategy, CustomEvent, Event,
  EventTarget, File, FormData, Headers, ReadableStream, ReadableStreamDefaultReader, Request, Response,
  TextDecoder, TextEncoder, URL, URLSearchParams, CryptoKey, SubtleCrypto, Crypto,
  ReadableStreamDefaultController,
];

test("classes have their names, and methods that no loop sees", () => {
  for (const given of CLASSES) {
    truthy(globalThis[given.name] === given, given.name);
    equal(Object.prototype.toString.call(given.prototype).includes("Object"), false, given.name);
    throws(() => given(), "TypeError");
  }
  equal(Object.keys(URL.prototype), []);
  equal([fetch.name, setTimeout.name, structuredClone.name], ["fetch", "setTimeout", "structuredClone"]);
});

test("methods refuse what is not theirs", async () => {
  for (const given of CLASSES) {
    for (const key of Reflect.ownKeys(given.prototype)) {
      const property = Object.getOwnPropertyDescriptor(given.prototype, key);
      if (property.get === undefined || typeof key === "symbol") continue;
      throws(() => property.get.call({}), "TypeError");
    }
  }
  for (const [method, self] of [
    [Headers.prototype.get, new Map()],
    [URLSearchParams.prototype.append, {}],
    [AbortController.prototype.abort, {}],
    [TextEncoder.prototype.encode, {}],
    [TextDecoder.prototype.decode, {}],
    [ReadableStream.prototype.getReader, {}],
    [EventTarget.prototype.addEventListener, {}],
    [FormData.prototype.set, {}],
    [crypto.getRandomValues, {}],
  ]) {
    throws(() => method.call(self, "a", "b"), "TypeError");
  }
  for (const method of [Response.prototype.text, Request.prototype.json, Blob.prototype.text, crypto.subtle.digest]) {
    await rejects(method.call({}, "SHA-1", new Uint8Array(0)), "TypeError");
  }
});

test("nothing of the globals can be changed", () => {
  "use strict";
  const functions = [fetch, setTimeout, structuredClone, console.log, Headers.prototype.get, URL.prototype.toString];
  const values = [...CLASSES, ...functions, console, crypto, crypto.subtle, navigator];
  for (const value of values) {
    truthy(!Object.isExtensible(value), String(value.name));
    if (typeof value !== "function" || value.prototype) truthy(Object.isFrozen(value), value.name);
    if (value.prototype) truthy(Object.isFrozen(value.prototype), value.name);
  }
  throws(() => (Headers.prototype.get = () => "evil"), "TypeError");
  throws(() => (crypto.subtle.digest = () => "evil"), "TypeError");
  throws(() => (navigator.userAgent = "evil"), "TypeError");
  throws(() => (Headers = class {}), "TypeError");
});

test("classes can be extended", async () => {
  class Own extends Response {
    get own() {
      return `${this.status}!`;
    }
  }
  equal([new Own("x").own, await new Own("y").text()], ["200!", "y"]);
  class Target extends EventTarget {}
  let heard = 0;
  const target = new Target();
  target.addEventListener("x", () => heard++);
  target.dispatchEvent(new (class extends Event {})("x"));
  equal(heard, 1);
});

test("foreign objects cannot pollute prototypes", async () => {
  const evil = JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}');
  structuredClone(evil);
  new Headers({ a: "b" });
  const form = await new Response("__proto__=1&__proto__[polluted]=1&constructor=2", {
    headers: { "content-type": "application/x-www-form-urlencoded" },
  }).formData();
  equal(form.get("__proto__"), "1");
  equal(new URLSearchParams("__proto__=x").get("__proto__"), "x");
  equal([...new Headers([["__proto__", "y"]])], [["__proto__", "y"]]);
  equal(await new Response(JSON.stringify({})).json(), {});
  equal([{}.polluted, Object.prototype.polluted], [undefined, undefined]);
});

test("the platform is told", () => {
  equal([navigator.userAgent, self === globalThis, typeof process, typeof Intl], ["Kontract", true, "undefined", "undefined"]);
});
