// Blob and File.
export default (op, use) => {
  const { view, concat } = use("bytes");
  let content;

  class Blob {
    #bytes;
    #type;

    constructor(parts, options) {
      if (parts !== undefined && (typeof parts !== "object" || typeof parts?.[Symbol.iterator] !== "function")) {
        throw new TypeError("A Blob takes a list of parts");
      }
      this.#bytes = concat(Array.from(parts ?? [], (part) => bytesOf(part, options?.endings)));
      this.#type = typeOf(options?.type);
    }

    static {
      content = (blob) => blob.#bytes;
    }

    get size() {
      return this.#bytes.length;
    }
    get type() {
      return this.#type;
    }
    async text() {
      return op.decode("utf-8", withoutMark(this.#bytes), false, false)[0];
    }
    async bytes() {
      return this.#bytes.slice();
    }
    async arrayBuffer() {
      return this.#bytes.slice().buffer;
    }
    slice(start, end, type) {
      const part = this.#bytes.subarray(start, end);
      return new Blob([part], { type });
    }
    stream() {
      const bytes = this.#bytes;
      let at = 0;
      return new (use("streams").ReadableStream)({
        pull(controller) {
          if (at < bytes.length) controller.enqueue(bytes.slice(at, (at += CHUNK)));
          if (at >= bytes.length) controller.close();
        },
      });
    }
    get [Symbol.toStringTag]() {
      return "Blob";
    }
  }

  class File extends Blob {
    #name;
    #modified;

    constructor(parts, name, options) {
      if (arguments.length < 2) throw new TypeError("A File needs its parts and a name");
      super(parts, options);
      this.#name = String(name).toWellFormed();
      this.#modified = options?.lastModified === undefined ? Date.now() : Math.trunc(Number(options.lastModified)) || 0;
    }
    get name() {
      return this.#name;
    }
    get lastModified() {
      return this.#modified;
    }
    get [Symbol.toStringTag]() {
      return "File";
    }
  }

  function bytesOf(part, endings) {
    if (part instanceof Blob) return content(part);
    if (ArrayBuffer.isView(part) || use("bytes").isBuffer(part)) return view(part);
    const text = String(part).toWellFormed();
    return op.encode(endings === "native" ? text.replaceAll(/\r\n?/g, "\n") : text);
  }

  return { Blob, File, content };
};

function typeOf(type = "") {
  const text = String(type);
  return /^[\x20-\x7e]*$/.test(text) ? text.toLowerCase() : "";
}

function withoutMark(bytes) {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

const CHUNK = 65536;
