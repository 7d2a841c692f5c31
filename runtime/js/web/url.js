// URL and URLSearchParams; the host parses and writes.
export default (op) => {
  let connect;

  class URLSearchParams {
    #pairs = []; // [name, value]
    #changed = () => {};

    constructor(init = "") {
      if (typeof init === "object" || typeof init === "function") {
        this.#pairs = init === null ? op.parseForm("null") : pairs(init);
      } else {
        const text = String(init).toWellFormed();
        this.#pairs = op.parseForm(text[0] === "?" ? text.slice(1) : text);
      }
    }

    static {
      connect = (params, changed) => {
        params.#changed = changed;
        return (query) => {
          params.#pairs = op.parseForm(query);
        };
      };
    }

    get size() {
      return this.#pairs.length;
    }

    append(name, value) {
      need(arguments, 2, "append");
      this.#pairs.push([text(name), text(value)]);
      this.#changed();
    }

    delete(name, value) {
      need(arguments, 1, "delete");
      const [key, only] = [text(name), value === undefined ? undefined : text(value)];
      this.#pairs = this.#pairs.filter((pair) => !matches(pair, key, only));
      this.#changed();
    }

    get(name) {
      need(arguments, 1, "get");
      const key = text(name);
      return this.#pairs.find((pair) => pair[0] === key)?.[1] ?? null;
    }

    getAll(name) {
      need(arguments, 1, "getAll");
      const key = text(name);
      return this.#pairs.filter((pair) => pair[0] === key).map((pair) => pair[1]);
    }

    has(name, value) {
      need(arguments, 1, "has");
      const [key, only] = [text(name), value === undefined ? undefined : text(value)];
      return this.#pairs.some((pair) => matches(pair, key, only));
    }

    set(name, value) {
      need(arguments, 2, "set");
      const [key, content] = [text(name), text(value)];
      const first = this.#pairs.findIndex((pair) => pair[0] === key);
      if (first === -1) this.#pairs.push([key, content]);
      else {
        this.#pairs[first] = [key, content];
        this.#pairs = this.#pairs.filter((pair, index) => index <= first || pair[0] !== key);
      }
      this.#changed();
    }

    sort() {
      this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      this.#changed();
    }

    forEach(callback, self) {
      for (const [name, value] of this) callback.call(self, value, name, this);
    }

    *entries() {
      for (let at = 0; at < this.#pairs.length; at++) yield [...this.#pairs[at]];
    }

    *keys() {
      for (let at = 0; at < this.#pairs.length; at++) yield this.#pairs[at][0];
    }

    *values() {
      for (let at = 0; at < this.#pairs.length; at++) yield this.#pairs[at][1];
    }

    toString() {
      return op.formatForm(this.#pairs);
    }

    get [Symbol.toStringTag]() {
      return "URLSearchParams";
    }

    static {
      const value = this.prototype.entries;
      Object.defineProperty(this.prototype, Symbol.iterator, { value, writable: true, configurable: true });
    }
  }

  class URL {
    #parts; // in the order of the getters below
    #params;
    #refresh;

    constructor(url, base) {
      need(arguments, 1, "URL");
      const parts = parse(url, base);
      if (parts === undefined) {
        throw Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL", input: text(url) });
      }
      this.#parts = parts;
    }

    static canParse(url, base) {
      need(arguments, 1, "canParse");
      return parse(url, base) !== undefined;
    }

    static parse(url, base) {
      need(arguments, 1, "parse");
      return parse(url, base) === undefined ? null : new URL(url, base);
    }

    #change(part, value) {
      this.#parts = op.change(this.#parts[0], part, text(value)) ?? this.#parts;
      if (part === "href" || part === "search") this.#refresh?.(this.search.slice(1));
    }

    get href() {
      return this.#parts[0];
    }
    set href(value) {
      if (parse(value) === undefined) throw new TypeError("Invalid URL");
      this.#change("href", value);
    }
    get origin() {
      return this.#parts[1];
    }
    get protocol() {
      return this.#parts[2];
    }
    set protocol(value) {
      this.#change("protocol", value);
    }
    get username() {
      return this.#parts[3];
    }
    set username(value) {
      this.#change("username", value);
    }
    get password() {
      return this.#parts[4];
    }
    set password(value) {
      this.#change("password", value);
    }
    get host() {
      return this.#parts[5];
    }
    set host(value) {
      this.#change("host", value);
    }
    get hostname() {
      return this.#parts[6];
    }
    set hostname(value) {
      this.#change("hostname", value);
    }
    get port() {
      return this.#parts[7];
    }
    set port(value) {
      this.#change("port", value);
    }
    get pathname() {
      return this.#parts[8];
    }
    set pathname(value) {
      this.#change("pathname", value);
    }
    get search() {
      return this.#parts[9];
    }
    set search(value) {
      this.#change("search", value);
    }
    get hash() {
      return this.#parts[10];
    }
    set hash(value) {
      this.#change("hash", value);
    }

    get searchParams() {
      if (this.#params === undefined) {
        this.#params = new URLSearchParams(this.search);
        this.#refresh = connect(this.#params, () => {
          this.#parts = op.change(this.#parts[0], "search", this.#params.toString());
        });
      }
      return this.#params;
    }

    toString() {
      return this.#parts[0];
    }
    toJSON() {
      return this.#parts[0];
    }
    get [Symbol.toStringTag]() {
      return "URL";
    }
  }

  function parse(url, base) {
    return op.parse(text(url), base === undefined ? undefined : text(base));
  }

  return { URL, URLSearchParams };
};

function matches([name, value], key, only) {
  return name === key && (only === undefined || value === only);
}

function pairs(init) {
  if (typeof init[Symbol.iterator] !== "function") {
    return Reflect.ownKeys(init)
      .filter((key) => Object.prototype.propertyIsEnumerable.call(init, key))
      .map((key) => [text(key), text(init[key])]);
  }
  return Array.from(init, (pair) => {
    const both = [...pair];
    if (both.length !== 2) throw new TypeError("Each pair needs a name and a value");
    return both.map(text);
  });
}

function text(value) {
  return `${value}`.toWellFormed();
}

function need(args, count, name) {
  if (args.length < count) {
    throw new TypeError(`${name} needs ${count} argument${count === 1 ? "" : "s"}`);
  }
}
