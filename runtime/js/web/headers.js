// Headers.
export default () => {
  let lock;

  class Headers {
    #values = new Map(); // a name in lower case → its values
    #locked = false;

    constructor(init) {
      if (init === undefined) return;
      if (typeof init !== "object" || init === null) throw new TypeError("Headers take an object or pairs");
      for (const pair of pairs(init)) this.#add(pair[0], pair[1]);
    }

    static {
      lock = (headers) => {
        headers.#locked = true;
        return headers;
      };
    }

    append(name, value) {
      need(arguments, 2, "append");
      this.#add(name, value);
    }

    #add(name, value) {
      const key = nameOf(name);
      const content = valueOf(value);
      this.#open();
      const values = this.#values.get(key);
      if (values === undefined) this.#values.set(key, [content]);
      else values.push(content);
    }

    delete(name) {
      need(arguments, 1, "delete");
      const key = nameOf(name);
      this.#open();
      this.#values.delete(key);
    }

    get(name) {
      need(arguments, 1, "get");
      return this.#values.get(nameOf(name))?.join(", ") ?? null;
    }

    getSetCookie() {
      return [...(this.#values.get("set-cookie") ?? [])];
    }

    has(name) {
      need(arguments, 1, "has");
      return this.#values.has(nameOf(name));
    }

    set(name, value) {
      need(arguments, 2, "set");
      const key = nameOf(name);
      const content = valueOf(value);
      this.#open();
      this.#values.set(key, [content]);
    }

    forEach(callback, self) {
      if (typeof callback !== "function") throw new TypeError("forEach takes a function");
      for (const [name, value] of this.#sorted()) callback.call(self, value, name, this);
    }

    *entries() {
      yield* this.#sorted();
    }

    *keys() {
      for (const [name] of this.#sorted()) yield name;
    }

    *values() {
      for (const [, value] of this.#sorted()) yield value;
    }

    #sorted() {
      return [...this.#values.keys()].sort().flatMap((name) => {
        const values = this.#values.get(name);
        return name === "set-cookie" ? values.map((value) => [name, value]) : [[name, values.join(", ")]];
      });
    }

    #open() {
      if (this.#locked) throw new TypeError("These headers cannot be changed");
    }

    get [Symbol.toStringTag]() {
      return "Headers";
    }

    static {
      const value = this.prototype.entries;
      Object.defineProperty(this.prototype, Symbol.iterator, { value, writable: true, configurable: true });
    }
  }

  return { Headers, lock };
};

function pairs(init) {
  if (typeof init[Symbol.iterator] !== "function") {
    return Reflect.ownKeys(init)
      .filter((key) => Object.prototype.propertyIsEnumerable.call(init, key))
      .map((key) => [key, init[key]]);
  }
  return Array.from(init, (pair) => {
    if (typeof pair !== "object" || pair === null) throw notAPair();
    const both = Array.isArray(pair) ? pair : [...pair];
    if (both.length !== 2) throw notAPair();
    return both;
  });
}

function notAPair() {
  return new TypeError("Each header needs a name and a value");
}

function nameOf(name) {
  const text = `${name}`;
  if (!TOKEN.test(text)) throw new TypeError(`${JSON.stringify(text)} is not a header's name`);
  return text.toLowerCase();
}

// The value itself stays out of messages: it may be a secret.
function valueOf(value) {
  const text = trim(`${value}`);
  if (/[\0\r\n]|[^\0-\xff]/.test(text)) {
    throw new TypeError("A header's value has no line breaks and no characters beyond latin1");
  }
  return text;
}

function trim(text) {
  let start = 0;
  let end = text.length;
  while (start < end && SPACES.includes(text[start])) start++;
  while (end > start && SPACES.includes(text[end - 1])) end--;
  return text.slice(start, end);
}

function need(args, count, name) {
  if (args.length < count) throw new TypeError(`Headers.${name} needs ${count} argument${count === 1 ? "" : "s"}`);
}

const SPACES = "\t\n\r ";
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
