// The last script of an isolate's making: from here on no call can change what the next one finds.

const { defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf, preventExtensions } = Object;
const { ownKeys } = Reflect;

const { library } = __host;
delete globalThis.__host;

// They stop the thread, or run code of one call during another.
for (const name of ["SharedArrayBuffer", "Atomics", "FinalizationRegistry"]) delete globalThis[name];

// Assigning to an object must not fail for what its prototype has: `error.name = "…"`. So these
// prototypes get accessors that define the property on the object instead.
function assignable(prototype) {
  for (const key of ownKeys(prototype)) {
    const { value, writable, enumerable } = getOwnPropertyDescriptor(prototype, key);
    if (!writable) continue;
    const set = function (own) {
      if (this === prototype) throw new TypeError(`'${String(key)}' is read-only`);
      defineProperty(this, key, { value: own, writable: true, enumerable: true, configurable: true });
    };
    defineProperty(prototype, key, { get: () => value, set, enumerable, configurable: false });
  }
}

const errors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError];
for (const { prototype } of [Object, Function, getPrototypeOf(Uint8Array), ...errors]) assignable(prototype);

const met = new Set();
function meet(value) {
  if (typeof value === "function") {
    // A plain function is nothing but its call. Freezing it would cost more than it gives.
    if (!("prototype" in value)) preventExtensions(value);
    else met.add(value);
  } else if (typeof value === "object" && value !== null) {
    met.add(value);
  }
}

// What no global leads to.
met.add(Function.prototype);
for (const value of Object.values(library)) meet(value);
meet(getPrototypeOf(function* () {}));
meet(getPrototypeOf(async function () {}));
meet(getPrototypeOf(async function* () {}));
for (const iterable of [[], "", new Map(), new Set(), "".matchAll(/./g)]) {
  meet(getPrototypeOf(iterable[Symbol.iterator]()));
}

for (const key of ownKeys(globalThis)) {
  const { value, configurable } = getOwnPropertyDescriptor(globalThis, key);
  if (value !== globalThis) meet(value);
  // Other names stay free: what an application adds is its own.
  if (configurable) {
    defineProperty(globalThis, key, value === undefined ? { configurable: false } : { writable: false, configurable: false });
  }
}
// The set grows while it is walked.
for (const object of met) {
  freeze(object);
  meet(getPrototypeOf(object));
  for (const key of ownKeys(object)) {
    const { value, get, set } = getOwnPropertyDescriptor(object, key);
    if (value !== undefined) {
      meet(value);
    } else {
      meet(get);
      meet(set);
    }
  }
}
