// TextEncoder and TextDecoder.
export default (op, use) => {
  class TextEncoder {
    #brand = true;

    get encoding() {
      this.#brand;
      return "utf-8";
    }

    encode(input = "") {
      this.#brand;
      return op.encode(String(input).toWellFormed());
    }

    encodeInto(source, destination) {
      this.#brand;
      const text = String(source).toWellFormed();
      if (!(destination instanceof Uint8Array)) {
        throw new TypeError("encodeInto takes a Uint8Array");
      }
      let bytes = op.encode(text);
      let read = text.length;
      if (bytes.length > destination.length) {
        let end = destination.length;
        while (end > 0 && (bytes[end] & 0xc0) === 0x80) end--;
        bytes = bytes.subarray(0, end);
        read = op.decode("utf-8", bytes, false, false)[0].length;
      }
      destination.set(bytes);
      return { read, written: bytes.length };
    }

    get [Symbol.toStringTag]() {
      return "TextEncoder";
    }
  }

  class TextDecoder {
    #encoding;
    #fatal;
    #ignoreBOM;
    #rest = EMPTY; // the beginning of a character whose end is still to come
    #started = false;
    #streaming = false;

    constructor(label = "utf-8", options = {}) {
      const name = String(label).trim().toLowerCase();
      if (!Object.hasOwn(ENCODINGS, name)) {
        throw new RangeError(`The encoding '${name}' is not supported: only utf-8, utf-16 and latin1`);
      }
      this.#encoding = ENCODINGS[name];
      this.#fatal = Boolean(options?.fatal);
      this.#ignoreBOM = Boolean(options?.ignoreBOM);
    }

    get encoding() {
      return this.#encoding;
    }

    get fatal() {
      return this.#fatal;
    }

    get ignoreBOM() {
      return this.#ignoreBOM;
    }

    decode(input, options) {
      const more = Boolean(options?.stream);
      const given = input === undefined ? EMPTY : use("bytes").view(input);
      if (!this.#streaming) {
        this.#rest = EMPTY;
        this.#started = false;
      }
      this.#streaming = more;
      const bytes = this.#rest.length === 0 ? given : use("bytes").concat([this.#rest, given]);
      const answer = op.decode(this.#encoding, bytes, this.#fatal, more);
      if (answer === undefined) {
        this.#streaming = false;
        throw new TypeError(`The bytes are not valid ${this.#encoding}`);
      }
      const [text, read] = answer;
      this.#rest = bytes.slice(read);
      if (this.#started || text.length === 0) return text;
      this.#started = true;
      const marked = !this.#ignoreBOM && this.#encoding !== "windows-1252" && text[0] === "\ufeff";
      return marked ? text.slice(1) : text;
    }

    get [Symbol.toStringTag]() {
      return "TextDecoder";
    }
  }

  return { TextEncoder, TextDecoder };
};

const EMPTY = new Uint8Array(0);

const ENCODINGS = {};
for (const [encoding, labels] of [
  ["utf-8", "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8"],
  ["utf-16le", "utf-16le utf-16 ucs-2 unicode iso-10646-ucs-2 csunicode unicodefeff"],
  ["utf-16be", "utf-16be unicodefffe"],
  [
    "windows-1252",
    "latin1 iso-8859-1 iso8859-1 iso88591 iso_8859-1 l1 ascii us-ascii windows-1252 cp1252 x-cp1252 ansi_x3.4-1968 cp819 ibm819 iso-ir-100 csisolatin1 iso_8859-1:1987",
  ],
]) {
  for (const label of labels.split(" ")) ENCODINGS[label] = encoding;
}
