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
  Object.defineProperty(globalThis, "navigator", { value: Object.freeze({ userAgent: "Kontract" }) });
};

// Freezes what can be reached from `value` and is still open: never the engine's own objects, which
// are frozen when all globals are there.
function freeze(value) {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return value;
  if (!Object.isExtensible(value)) return value;
  // A method is nothing but its call.
  if (typeof value === "function" && !Object.hasOwn(value, "prototype")) return Object.preventExtensions(value);
  Object.freeze(value);
  for (const key of Reflect.ownKeys(value)) {
    const property = Reflect.getOwnPropertyDescriptor(value, key);
    if ("value" in property) freeze(property.value);
    else {
      freeze(property.get);
      freeze(property.set);
    }
  }
  const parent = Object.getPrototypeOf(value);
  if (typeof parent === "function" && parent !== Function.prototype) freeze(parent);
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
