// Request.
export default (op, use) => {
  const { Headers } = use("headers");
  const { Body, contentOf, extract, duplicate, take, replaceBody } = use("body");
  const { URL } = use("url");

  class Request extends Body {
    #url;
    #method;
    #headers;
    #redirect;
    #signal;

    constructor(input, init = {}) {
      if (arguments.length === 0) throw new TypeError("A Request needs a URL");
      const from = typeof input === "object" && input !== null && #url in input ? input : undefined;
      const url = from === undefined ? parse(input) : from.#url;
      const method = init.method === undefined ? (from?.#method ?? "GET") : methodOf(init.method);
      const headers = new Headers(init.headers ?? from?.#headers);
      const { content, type } = bodyOf(init, from);
      if (content !== null && (method === "GET" || method === "HEAD")) {
        throw new TypeError(`A ${method} request has no body`);
      }
      super(content);
      if (type !== null && !headers.has("content-type")) headers.set("content-type", type);
      this.#url = url;
      this.#method = method;
      this.#headers = headers;
      this.#redirect = init.redirect === undefined ? (from?.#redirect ?? "follow") : redirectOf(init.redirect);
      this.#signal = signalOf(init.signal === undefined ? from?.#signal : init.signal);
    }

    get url() {
      return this.#url;
    }
    get method() {
      return this.#method;
    }
    get headers() {
      return this.#headers;
    }
    get redirect() {
      return this.#redirect;
    }
    get signal() {
      this.#signal ??= new AbortController().signal;
      return this.#signal;
    }
    get duplex() {
      this.#url;
      return "half";
    }

    clone() {
      const copy = new Request(this.#url, {
        method: this.#method,
        headers: this.#headers,
        redirect: this.#redirect,
        signal: this.#signal,
      });
      return replaceBody(copy, duplicate(contentOf(this)));
    }

    get [Symbol.toStringTag]() {
      return "Request";
    }
  }

  function parse(input) {
    const url = URL.parse(input);
    if (url === null) throw new TypeError(`${JSON.stringify(String(input))} is not an absolute URL`);
    if (url.username !== "" || url.password !== "") {
      throw new TypeError("A request's URL has no user and no password: use the authorization header");
    }
    return url.href;
  }

  function bodyOf(init, from) {
    if (init.body !== undefined && init.body !== null) return extract(init.body);
    if (from === undefined || contentOf(from) === null) return { content: null, type: null };
    return { content: take(contentOf(from)), type: null };
  }

  function signalOf(signal) {
    if (signal === undefined || signal === null) return undefined;
    if (!use("abort").isSignal(signal)) throw new TypeError("signal must be an AbortSignal");
    return signal;
  }

  return { Request };
};

function methodOf(method) {
  const text = `${method}`;
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)) throw new TypeError(`${JSON.stringify(text)} is not a method`);
  const upper = text.toUpperCase();
  if (FORBIDDEN.has(upper)) throw new TypeError(`The method ${upper} is not allowed`);
  return NORMALIZED.has(upper) ? upper : text;
}

function redirectOf(redirect) {
  if (!REDIRECTS.has(redirect)) throw new TypeError("redirect must be 'follow', 'error' or 'manual'");
  return redirect;
}

const FORBIDDEN = new Set(["CONNECT", "TRACE", "TRACK"]);
const NORMALIZED = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
const REDIRECTS = new Set(["follow", "error", "manual"]);
