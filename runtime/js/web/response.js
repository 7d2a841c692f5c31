// Response.
export default (op, use) => {
  const { Headers, lock } = use("headers");
  const { Body, contentOf, extract, duplicate } = use("body");
  const KEY = Symbol(); // marks a response that the host made

  class Response extends Body {
    #status;
    #statusText;
    #headers;
    #type;
    #url;
    #redirected;

    constructor(body = null, init = {}, key, made) {
      if (key === KEY) {
        super(made.content);
        this.#status = made.status;
        this.#statusText = made.statusText;
        this.#headers = made.headers;
        this.#type = made.type;
        this.#url = made.url ?? "";
        this.#redirected = made.redirected ?? false;
        return;
      }
      const status = init?.status === undefined ? 200 : Math.trunc(Number(init.status));
      if (!(status >= 200 && status <= 599)) throw new RangeError("A response's status is between 200 and 599");
      const statusText = init?.statusText === undefined ? "" : `${init.statusText}`;
      if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(statusText)) throw new TypeError("The statusText is not valid");
      const headers = new Headers(init?.headers);
      const { content, type } = extract(body);
      if (content !== null && EMPTY.has(status)) throw new TypeError(`A response of status ${status} has no body`);
      if (type !== null && !headers.has("content-type")) headers.set("content-type", type);
      super(content);
      this.#status = status;
      this.#statusText = statusText;
      this.#headers = headers;
      this.#type = "default";
      this.#url = "";
      this.#redirected = false;
    }

    static json(data, init) {
      const text = JSON.stringify(data);
      if (text === undefined) throw new TypeError("The value is not JSON");
      const headers = new Headers(init?.headers);
      if (!headers.has("content-type")) headers.set("content-type", "application/json");
      return new Response(text, { ...init, headers });
    }

    static redirect(url, status = 302) {
      const { href } = new URL(url);
      if (!REDIRECTS.has(status)) throw new RangeError(`${status} is not the status of a redirect`);
      const headers = lock(new Headers({ location: href }));
      return make({ content: null, status, statusText: "", headers, type: "default" });
    }

    static error() {
      return make({ content: null, status: 0, statusText: "", headers: lock(new Headers()), type: "error" });
    }

    get status() {
      return this.#status;
    }
    get statusText() {
      return this.#statusText;
    }
    get ok() {
      return this.#status >= 200 && this.#status <= 299;
    }
    get headers() {
      return this.#headers;
    }
    get type() {
      return this.#type;
    }
    get url() {
      return this.#url;
    }
    get redirected() {
      return this.#redirected;
    }

    clone() {
      return make({
        content: duplicate(contentOf(this)),
        status: this.#status,
        statusText: this.#statusText,
        headers: new Headers(this.#headers),
        type: this.#type,
        url: this.#url,
        redirected: this.#redirected,
      });
    }

    get [Symbol.toStringTag]() {
      return "Response";
    }
  }

  function make(parts) {
    return new Response(null, {}, KEY, parts);
  }

  return { Response, make };
};

const EMPTY = new Set([101, 103, 204, 205, 304]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
