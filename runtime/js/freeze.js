// The last script of an isolate's making: from here on no call can change what the next one finds.

const { defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { ownKeys } = Reflect;

const { library } = __host;
delete globalThis.__host;

// They stop the thread, or run code of one call during another.
for (const name of ["SharedArrayBuffer", "Atomics", "FinalizationRegistry"]) delete globalThis[name];

// Their setters would change the stacks of all later calls. Packages assign to them.
const stacks = { prepareStackTrace: undefined, stackTraceLimit: Error.stackTraceLimit };
for (const name of ["prepareStackTrace", "stackTraceLimit"]) {
  defineProperty(Error, name, { get: () => stacks[name], set() {} });
}

// Assigning to an object must not fail for what its prototype has: `error.name = "…"`. So these
// prototypes get accessors that define the property on the object instead.
function assignable(prototype, keys = ownKeys(prototype)) {
  for (const key of keys) {
    const { value, writable, enumerable } = getOwnPropertyDescriptor(prototype, key);
    if (!writable) continue;
    const set = function (own) {
      if (this === prototype) throw new TypeError(`'${String(key)}' is read-only`);
      defineProperty(this, key, { value: own, writable: true, enumerable: true, configurable: true });
    };
    defineProperty(prototype, key, { get: () => value, set, enumerable, configurable: false });
  }
}

const TypedArray = getPrototypeOf(Uint8Array);
const errors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError];
for (const { prototype } of [Object, Function, ...errors]) assignable(prototype);
// What packages with a `Buffer` of their own replace.
assignable(TypedArray.prototype, ["constructor", "toString", "toLocaleString", "indexOf", "lastIndexOf", "includes", "slice", "subarray", "fill", "set"]);

// Objects, and of functions those that have prototypes. A method that is not frozen still cannot be
// replaced, since it stands in a frozen object.
const frozen = new Set([library.ctx, getPrototypeOf(library.env)]); // these refuse every change themselves
function freezeAll(value) {
  if ((typeof value !== "function" && typeof value !== "object") || value === null || frozen.has(value)) return;
  frozen.add(value);
  freeze(value);
  freezeAll(getPrototypeOf(value));
  const own = typeof value === "function" ? getOwnPropertyDescriptor(value, "prototype") : undefined;
  if (own !== undefined) freezeAll(own.value);
}

for (const key of ownKeys(globalThis)) {
  const { value, configurable } = getOwnPropertyDescriptor(globalThis, key);
  if (value !== globalThis) freezeAll(value);
  // Other names stay free: what an application adds is its own.
  if (configurable) {
    defineProperty(globalThis, key, value === undefined ? { configurable: false } : { writable: false, configurable: false });
  }
}
for (const value of Object.values(library)) freezeAll(value);

// What no global leads to.
for (const instance of [function* () {}, async function () {}, async function* () {}]) {
  const kind = getPrototypeOf(instance);
  freezeAll(kind.constructor);
  freezeAll(kind.prototype);
}
for (const iterable of [[], "", new Map(), new Set(), "".matchAll(/./g)]) {
  freezeAll(getPrototypeOf(iterable[Symbol.iterator]()));
}
freezeAll(getPrototypeOf([].values().map(String)));
freezeAll(getPrototypeOf(Iterator.from({ next() {} })));
