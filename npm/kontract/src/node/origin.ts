import type { IncomingMessage, ServerResponse } from "node:http";
import { ForbiddenError } from "../errors.js";
import { ABI_HEADER } from "../http-call.js";

/** Decides which web pages may call. */
export class OriginPolicy {
  readonly #allowed: ReadonlySet<string>;

  constructor(origins: readonly string[] = []) {
    for (const origin of origins) {
      if (parseOrigin(origin) === undefined) {
        throw new TypeError(`cors: '${origin}' is not an origin such as 'https://app.example'`);
      }
    }
    this.#allowed = new Set(origins);
  }

  /** Adds what lets the browser hand the answer to a page of a listed origin. */
  describe(request: IncomingMessage, response: ServerResponse): void {
    if (this.#allowed.size > 0) response.setHeader("vary", "Origin");
    const { origin } = request.headers;
    if (origin === undefined || !this.#allowed.has(origin)) return;
    response.setHeader("access-control-allow-origin", origin);
    response.setHeader("access-control-allow-credentials", "true");
    response.setHeader("access-control-expose-headers", EXPOSED_HEADERS);
  }

  /** Throws where a page of another origin makes the request. Other programs send no origin. */
  check(request: IncomingMessage): void {
    const { origin } = request.headers;
    if (origin === undefined) {
      if (request.headers["sec-fetch-site"] === "cross-site") throw notAllowed();
      return;
    }
    if (!this.#allowed.has(origin) && !isSameOrigin(origin, request)) throw notAllowed();
  }

  /** Answers a preflight request. */
  preflight(request: IncomingMessage, response: ServerResponse): void {
    this.check(request);
    response.setHeader("access-control-allow-methods", "GET, POST");
    response.setHeader("access-control-allow-headers", REQUEST_HEADERS);
    response.setHeader("access-control-max-age", "600");
    response.writeHead(204).end();
  }
}

function isSameOrigin(origin: string, request: IncomingMessage): boolean {
  const page = parseOrigin(origin);
  const host = page === undefined ? undefined : parseOrigin(`${page.protocol}//${request.headers.host}`, true);
  if (page === undefined || page.host !== host?.host) return false;
  // A foreign name that resolves to this machine (DNS rebinding) is a foreign page:
  // whoever serves such a name through a local proxy lists it.
  return !isLoopbackAddress(request.socket.localAddress) || isLoopbackName(page.hostname);
}

function parseOrigin(text: string, normalize = false): URL | undefined {
  try {
    const url = new URL(text);
    const plain = url.protocol === "https:" || url.protocol === "http:";
    return plain && url.pathname === "/" && (normalize || url.origin === text) ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it is this machine's own. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address ?? "");
}

function isLoopbackName(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname === "[::1]" ||
    hostname.endsWith(".localhost") ||
    /^127(\.\d+){3}$/.test(hostname)
  );
}

function notAllowed(): ForbiddenError {
  return new ForbiddenError("Calls from this origin are not allowed");
}

const REQUEST_HEADERS = `authorization, content-type, idempotency-key, ${ABI_HEADER}`;
const EXPOSED_HEADERS = "location, retry-after, x-kontract-call-id";
