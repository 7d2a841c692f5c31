// The Web's globals. Each lives in a chunk: `export default (op, use) => ({ …names })`, where `op`
// holds the chunk's operations of the host and `use(name)` the names of another chunk. A chunk is
// loaded, and frozen through and through, when one of its names is first used.
export default (load) => {
  const chunks = Object.create(null);

  const use = (name) => {
    if (name in chunks) return chunks[name];
    const { make, op } = load(name);
    const chunk = make(op, use);
    freeze(chunk);
    return (chunks[name] = chunk);
  };

  for (const [chunk, names] of Object.entries(HOMES)) {
    for (const name of names) {
      const get = { [name]: () => use(chunk)[name] }[name];
      Object.defineProperty(globalThis, name, { get, configurable: true });
    }
  }
  Object.defineProperty(globalThis, "self", { value: globalThis });
  Object.defineProperty(globalThis, "navigator", { value: freeze({ userAgent: "Kontract" }) });
};

// Freezes what can be reached from `value` and is not frozen yet.
function freeze(value) {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return value;
  if (Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const key of Reflect.ownKeys(value)) {
    const property = Reflect.getOwnPropertyDescriptor(value, key);
    freeze(property.value);
    freeze(property.get);
    freeze(property.set);
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Function.prototype && prototype !== Object.prototype) freeze(prototype);
  return value;
}

const HOMES = {
  console: ["console"],
  timers: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"],
  url: ["URL", "URLSearchParams"],
  encoding: ["TextEncoder", "TextDecoder"],
  clone: ["structuredClone"],
  events: ["Event", "CustomEvent", "EventTarget", "reportError"],
  abort: ["AbortController", "AbortSignal"],
  streams: ["ReadableStream", "ReadableStreamDefaultReader", "ReadableStreamDefaultController"],
  strategies: ["ByteLengthQueuingStrategy", "CountQueuingStrategy"],
  blob: ["Blob", "File"],
  form: ["FormData"],
  headers: ["Headers"],
  request: ["Request"],
  response: ["Response"],
  fetch: ["fetch"],
  crypto: ["crypto", "Crypto", "SubtleCrypto", "CryptoKey"],
};
