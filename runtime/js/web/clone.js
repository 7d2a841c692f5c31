// structuredClone.
export default () => ({
  structuredClone: function structuredClone(value, options) {
    if (arguments.length === 0) throw new TypeError("structuredClone needs a value");
    const seen = new Map();
    const transfer = [...(options?.transfer ?? [])];
    for (const buffer of transfer) {
      if (slot(BUFFER_LENGTH, buffer) === undefined || seen.has(buffer)) {
        throw refused("Only an ArrayBuffer can be transferred, and only once");
      }
      seen.set(buffer, undefined);
    }
    for (const buffer of transfer) seen.set(buffer, ArrayBuffer.prototype.transfer.call(buffer));
    return clone(value, seen);
  },
});

function clone(value, seen) {
  if (typeof value === "symbol") throw refused(`${String(value)} cannot be cloned`);
  if (typeof value === "function") throw refused(`The function '${value.name}' cannot be cloned`);
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const keep = (copy) => {
    seen.set(value, copy);
    return copy;
  };
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return copyProperties(value, keep({}), seen);
  if (Array.isArray(value)) {
    const copy = keep([]);
    copy.length = value.length;
    return copyProperties(value, copy, seen);
  }
  if (ArrayBuffer.isView(value)) return keep(copyView(value, seen));
  if (Error.isError(value) && !(value instanceof DOMException)) return copyError(value, keep, seen);
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === "Object") return copyProperties(value, keep({}), seen);
  for (const [read, copy] of SLOTS) {
    const inner = slot(read, value);
    if (inner !== undefined) return copy(inner, value, keep, seen);
  }
  if (UNCLONEABLE.has(tag)) throw refused(`A ${tag} cannot be cloned`);
  return copyProperties(value, keep({}), seen);
}

function copyProperties(from, to, seen) {
  for (const key of Object.keys(from)) {
    if (!Object.hasOwn(from, key)) continue;
    const value = clone(from[key], seen);
    if (key === "__proto__") Object.defineProperty(to, key, { value, ...OPEN });
    else to[key] = value;
  }
  return to;
}

function copyView(view, seen) {
  const buffer = clone(view.buffer, seen);
  if (slot(VIEW_TAG, view) === undefined) return new DataView(buffer, view.byteOffset, view.byteLength);
  return new globalThis[VIEW_TAG.call(view)](buffer, view.byteOffset, view.length);
}

function copyError(error, keep, seen) {
  const name = ERRORS.has(String(error.name)) ? String(error.name) : "Error";
  const made = keep(new globalThis[name]());
  const define = (key, value) =>
    Object.defineProperty(made, key, { value, writable: true, configurable: true });
  const message = Reflect.getOwnPropertyDescriptor(error, "message");
  if (message !== undefined && "value" in message) define("message", String(message.value));
  if (typeof error.stack === "string") define("stack", error.stack);
  if (Object.hasOwn(error, "cause")) define("cause", clone(error.cause, seen));
  return made;
}

function slot(read, value) {
  try {
    return read.call(value);
  } catch {
    return undefined;
  }
}

function refused(message) {
  return new DOMException(message, "DataCloneError");
}

const getter = (prototype, key) => Object.getOwnPropertyDescriptor(prototype, key).get;
const BUFFER_LENGTH = getter(ArrayBuffer.prototype, "byteLength");
const VIEW_TAG = getter(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);

const wrapped = (inner, value, keep) => keep(Object(inner));

// How a built-in is known by its internal slot, and copied.
const SLOTS = [
  [Date.prototype.getTime, (time, value, keep) => keep(new Date(time))],
  [
    getter(Map.prototype, "size"),
    (size, value, keep, seen) => {
      const copy = keep(new Map());
      const entries = [...Map.prototype.entries.call(value)];
      for (const [key, item] of entries) copy.set(clone(key, seen), clone(item, seen));
      return copy;
    },
  ],
  [
    getter(Set.prototype, "size"),
    (size, value, keep, seen) => {
      const copy = keep(new Set());
      const items = [...Set.prototype.values.call(value)];
      for (const item of items) copy.add(clone(item, seen));
      return copy;
    },
  ],
  [BUFFER_LENGTH, (length, value, keep) => keep(ArrayBuffer.prototype.slice.call(value, 0))],
  [
    getter(RegExp.prototype, "source"),
    (source, value, keep) => keep(new RegExp(source, value.flags)),
  ],
  [Boolean.prototype.valueOf, wrapped],
  [Number.prototype.valueOf, wrapped],
  [String.prototype.valueOf, wrapped],
  [BigInt.prototype.valueOf, wrapped],
  [
    getter(DOMException.prototype, "name"),
    (name, value, keep) => keep(new DOMException(value.message, name)),
  ],
];

const OPEN = { writable: true, enumerable: true, configurable: true };
const ERRORS = new Set(["EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"]);

const UNCLONEABLE = new Set([
  ...["Promise", "WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry", "Symbol"],
  ...["Generator", "AsyncGenerator", "SharedArrayBuffer"],
  ...["Event", "CustomEvent", "EventTarget", "AbortController", "AbortSignal", "URL", "URLSearchParams"],
  ...["Headers", "Request", "Response", "FormData", "Blob", "File", "TextEncoder", "TextDecoder"],
  ...["ReadableStream", "ReadableStreamDefaultReader", "ReadableStreamDefaultController"],
  ...["Crypto", "SubtleCrypto", "CryptoKey", "console"],
]);
