// What Request and Response have in common: a body that is read once.
export default (op, use) => {
  const { view, isBuffer, concat } = use("bytes");
  let contentOf, replaceBody;

  class Body {
    #content; // null, or { bytes?, stream?, used }

    constructor(content) {
      this.#content = content;
    }

    static {
      contentOf = (body) => body.#content;
      replaceBody = (body, content) => {
        body.#content = content;
        return body;
      };
    }

    get body() {
      if (this.#content === null) return null;
      return streamOf(this.#content);
    }
    get bodyUsed() {
      return this.#content !== null && isUsed(this.#content);
    }
    async bytes() {
      return consume(this.#content);
    }
    async arrayBuffer() {
      return (await consume(this.#content)).buffer;
    }
    async text() {
      return decode(await consume(this.#content));
    }
    async json() {
      return JSON.parse(decode(await consume(this.#content)));
    }
    async blob() {
      const type = this.headers.get("content-type") ?? "";
      return new (use("blob").Blob)([await consume(this.#content)], { type });
    }
    async formData() {
      const type = this.headers.get("content-type") ?? "";
      return use("form").read(await consume(this.#content), type);
    }
  }

  // A body as its owner gave it → { content, type }.
  function extract(value) {
    if (value === null || value === undefined) return { content: null, type: null };
    if (typeof value === "object") {
      if (ArrayBuffer.isView(value) || isBuffer(value)) return made(view(value).slice(), null);
      const tag = value[Symbol.toStringTag];
      if (tag === "ReadableStream" && use("streams").isStream(value)) {
        if (value.locked) throw new TypeError("The stream is locked to a reader");
        return { content: { stream: value, used: false }, type: null };
      }
      if (tag === "URLSearchParams" && value instanceof globalThis.URLSearchParams) {
        return made(op.encode(value.toString()), "application/x-www-form-urlencoded;charset=UTF-8");
      }
      if (tag === "FormData" && value instanceof globalThis.FormData) {
        const { bytes, type } = use("form").write(value);
        return made(bytes, type);
      }
      if ((tag === "Blob" || tag === "File") && value instanceof globalThis.Blob) {
        return made(use("blob").content(value).slice(), value.type === "" ? null : value.type);
      }
    }
    return made(op.encode(`${value}`.toWellFormed()), "text/plain;charset=UTF-8");
  }

  function made(bytes, type) {
    return { content: { bytes, stream: undefined, used: false }, type };
  }

  function isUsed(content) {
    return content.used || Boolean(content.stream && use("streams").isDisturbed(content.stream));
  }

  function streamOf(content) {
    if (content.stream !== undefined) return content.stream;
    const { ReadableStream, disturb } = use("streams");
    const { bytes, used } = content;
    content.stream = new ReadableStream({
      start(controller) {
        if (bytes.length > 0 && !used) controller.enqueue(bytes);
        controller.close();
      },
    });
    if (used) disturb(content.stream);
    return content.stream;
  }

  async function consume(content) {
    if (content === null) return new Uint8Array(0);
    if (isUsed(content) || content.stream?.locked) throw alreadyRead();
    content.used = true;
    if (content.stream === undefined) return content.bytes;
    const reader = content.stream.getReader();
    const parts = [];
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      if (!(value instanceof Uint8Array)) {
        const error = new TypeError("A body is a stream of Uint8Arrays");
        await reader.cancel(error);
        throw error;
      }
      parts.push(value);
    }
    return parts.length === 1 ? parts[0].slice() : concat(parts);
  }

  // Takes the content away from its body, which has been read from then on.
  function take(content) {
    if (isUsed(content) || content.stream?.locked) throw alreadyRead();
    const taken = { ...content };
    content.used = true;
    return taken;
  }

  // A second body of the same content; the first goes on as if it had not been asked.
  function duplicate(content) {
    if (content === null) return null;
    if (isUsed(content) || content.stream?.locked) throw alreadyRead();
    if (content.stream === undefined) return { ...content, bytes: content.bytes.slice() };
    const [mine, other] = content.stream.tee();
    content.stream = mine;
    return { stream: other, used: false };
  }

  function decode(bytes) {
    const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    return op.decode("utf-8", marked ? bytes.subarray(3) : bytes, false, false)[0];
  }

  return { Body, contentOf, extract, duplicate, take, consume, replaceBody };
};

function alreadyRead() {
  return new TypeError("The body has already been read");
}
