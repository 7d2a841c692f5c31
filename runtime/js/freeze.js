// The last script of an isolate's making: from here on no call can change what the next one finds.

for (const name of ["SharedArrayBuffer", "Atomics", "FinalizationRegistry"]) delete globalThis[name];

// Assigning to an object must not fail for what its prototype has: `error.name = "…"`. So these
// prototypes get accessors that define the property on the object instead.
function assignable(prototype) {
  for (const key of Reflect.ownKeys(prototype)) {
    const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(prototype, key);
    if (!writable || !configurable) continue;
    Object.defineProperty(prototype, key, {
      get() {
        return value;
      },
      set(own) {
        if (this === prototype) throw new TypeError(`'${String(key)}' is read-only`);
        Object.defineProperty(this, key, { value: own, writable: true, enumerable: true, configurable: true });
      },
      enumerable,
      configurable: false,
    });
  }
}

const errors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError];
const TypedArray = Object.getPrototypeOf(Uint8Array);
for (const { prototype } of [Object, Function, TypedArray, ...errors]) assignable(prototype);

const seen = new Set([globalThis]);
const waiting = [];
function meet(value) {
  if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
  seen.add(value);
  waiting.push(value);
}

// What no global leads to.
meet(Object.getPrototypeOf(function* () {}));
meet(Object.getPrototypeOf(async function () {}));
meet(Object.getPrototypeOf(async function* () {}));
for (const iterable of [[], "", new Map(), new Set(), "".matchAll(/./g)]) {
  meet(Object.getPrototypeOf(iterable[Symbol.iterator]()));
}

for (const key of Reflect.ownKeys(globalThis)) {
  const global = Object.getOwnPropertyDescriptor(globalThis, key);
  if ("value" in global) meet(global.value);
  // A name that is not taken stays free: what an application adds is its own.
  if (global.configurable) {
    Object.defineProperty(globalThis, key, "value" in global ? { writable: false, configurable: false } : { configurable: false });
  }
}
while (waiting.length > 0) {
  const object = waiting.pop();
  Object.freeze(object);
  meet(Object.getPrototypeOf(object));
  for (const key of Reflect.ownKeys(object)) {
    const { value, get, set } = Object.getOwnPropertyDescriptor(object, key);
    meet(value);
    meet(get);
    meet(set);
  }
}
