// FormData, and its two forms in a body.
export default (op, use) => {
  const { Blob, File, content } = use("blob");

  class FormData {
    #entries = []; // [name, string | File]

    constructor(form) {
      if (form !== undefined) throw new TypeError("There are no forms here to read from");
    }

    append(name, value, filename) {
      need(arguments, 2, "append");
      this.#entries.push(entry(arguments, name, value, filename));
    }
    delete(name) {
      need(arguments, 1, "delete");
      const key = text(name);
      this.#entries = this.#entries.filter(([known]) => known !== key);
    }
    get(name) {
      need(arguments, 1, "get");
      const key = text(name);
      return this.#entries.find(([known]) => known === key)?.[1] ?? null;
    }
    getAll(name) {
      need(arguments, 1, "getAll");
      const key = text(name);
      return this.#entries.filter(([known]) => known === key).map(([, value]) => value);
    }
    has(name) {
      need(arguments, 1, "has");
      const key = text(name);
      return this.#entries.some(([known]) => known === key);
    }
    set(name, value, filename) {
      need(arguments, 2, "set");
      const made = entry(arguments, name, value, filename);
      const first = this.#entries.findIndex(([known]) => known === made[0]);
      if (first === -1) this.#entries.push(made);
      else {
        this.#entries[first] = made;
        this.#entries = this.#entries.filter(([known], index) => index <= first || known !== made[0]);
      }
    }
    forEach(callback, self) {
      for (const [name, value] of this) callback.call(self, value, name, this);
    }
    *entries() {
      for (let at = 0; at < this.#entries.length; at++) yield [...this.#entries[at]];
    }
    *keys() {
      for (let at = 0; at < this.#entries.length; at++) yield this.#entries[at][0];
    }
    *values() {
      for (let at = 0; at < this.#entries.length; at++) yield this.#entries[at][1];
    }
    get [Symbol.toStringTag]() {
      return "FormData";
    }

    static {
      const value = this.prototype.entries;
      Object.defineProperty(this.prototype, Symbol.iterator, { value, writable: true, configurable: true });
    }
  }

  function entry(args, name, value, filename) {
    if (!(value instanceof Blob)) {
      if (args.length > 2) throw new TypeError("Only a Blob has a file's name");
      return [text(name), text(value)];
    }
    if (value instanceof File && filename === undefined) return [text(name), value];
    const called = filename ?? (value instanceof File ? value.name : "blob");
    return [text(name), new File([value], called, { type: value.type, lastModified: value.lastModified })];
  }

  // multipart/form-data (RFC 7578), with names as browsers write them.
  function write(form) {
    const boundary = `----kontract${op.random(16).toHex()}`;
    const parts = [];
    for (const [name, value] of form) {
      const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escape(lines(name))}"`;
      if (typeof value === "string") {
        parts.push(op.encode(`${head}\r\n\r\n${lines(value)}\r\n`));
      } else {
        const type = value.type === "" ? "application/octet-stream" : value.type;
        const file = `; filename="${escape(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`;
        parts.push(op.encode(head + file), content(value), op.encode("\r\n"));
      }
    }
    parts.push(op.encode(`--${boundary}--\r\n`));
    return { bytes: use("bytes").concat(parts), type: `multipart/form-data; boundary=${boundary}` };
  }

  function read(bytes, type) {
    const form = new FormData();
    if (/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
      for (const [name, value] of op.parseForm(decode(bytes))) form.append(name, value);
      return form;
    }
    const boundary = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type);
    if (boundary === null) throw new TypeError(`A body of type '${type}' is no form`);
    for (const part of split(bytes, boundary[1] ?? boundary[2])) {
      const disposition = part.headers.get("content-disposition") ?? "";
      const name = parameter(disposition, "name");
      if (!/^form-data\s*;/i.test(disposition) || name === undefined) throw malformed();
      const filename = parameter(disposition, "filename");
      if (filename === undefined) form.append(name, decode(part.bytes));
      else {
        const options = { type: part.headers.get("content-type") ?? "text/plain" };
        form.append(name, new File([part.bytes], filename, options));
      }
    }
    return form;
  }

  function split(bytes, boundary) {
    // One character for each byte, so that positions in the text are positions in the bytes.
    const raw = op.latin1(bytes);
    const parts = [];
    const mark = `--${boundary}`;
    if (!raw.startsWith(mark)) throw malformed();
    let at = mark.length;
    while (!raw.startsWith("--", at)) {
      if (!raw.startsWith("\r\n", at)) throw malformed();
      const body = raw.indexOf("\r\n\r\n", at);
      const end = raw.indexOf(`\r\n${mark}`, body + 2);
      if (body === -1 || end === -1) throw malformed();
      const headers = new Map();
      for (const line of decode(bytes.subarray(at + 2, body)).split("\r\n")) {
        const colon = line.indexOf(":");
        if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
      }
      parts.push({ headers, bytes: bytes.subarray(Math.min(body + 4, end), end) });
      at = end + 2 + mark.length;
    }
    return parts;
  }

  function decode(bytes) {
    return op.decode("utf-8", bytes, false, false)[0];
  }

  return { FormData, write, read };
};

function parameter(disposition, name) {
  const found = new RegExp(`;\\s*${name}="([^"]*)"`, "i").exec(disposition);
  return found?.[1].replaceAll(/%0A|%0D|%22/gi, (code) => String.fromCharCode(parseInt(code.slice(1), 16)));
}

function escape(name) {
  return name.replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll('"', "%22");
}

function lines(value) {
  return value.replaceAll(/\r\n|\r|\n/g, "\r\n");
}

function text(value) {
  return `${value}`.toWellFormed();
}

function need(args, count, name) {
  if (args.length < count) throw new TypeError(`FormData.${name} needs ${count} argument${count === 1 ? "" : "s"}`);
}

function malformed() {
  return new TypeError("The multipart body is malformed");
}
