import { type ServerResponse, validateHeaderName, validateHeaderValue } from "node:http";
import { isHttpResp } from "../http-resp.js";
import { encodeJson } from "../json.js";
import type { FailureBody } from "../runtime/failure.js";

/** An answer, ready to be sent. */
export interface Answer {
  status: number;
  headers: readonly (readonly [string, string])[];
  /** undefined for an answer without a body. */
  body: string | undefined;
}

/**
 * The answer to a call that succeeded. Throws where the function's result cannot
 * be sent: too large, not expressible in JSON, or with a status or headers that
 * are none.
 */
export function resultAnswer(result: unknown, maxBytes: number): Answer {
  if (!isHttpResp(result)) return { status: 200, headers: [], body: encodeResult(result, maxBytes) };
  const { data, status, headers } = result;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`HttpResp: ${String(status)} is not a status from 200 to 599`);
  }
  const checked = Object.entries(headers ?? {}).map(([name, value]) => checkHeader(name, value));
  const bodyless = status === 204 || (status >= 300 && status < 400);
  return { status, headers: checked, body: bodyless ? undefined : encodeResult(data, maxBytes) };
}

/** The answer to a call that failed. */
export function failureAnswer(error: FailureBody): Answer {
  const headers = error.status === 429 || error.status === 503 ? ([["retry-after", "1"]] as const) : [];
  return { status: error.status, headers, body: encodeJson({ error }) };
}

/** An answer of the host itself. */
export function jsonAnswer(status: number, body: object): Answer {
  return { status, headers: [], body: encodeJson(body) };
}

/** Sends an answer, unless the caller has gone or was answered. */
export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  for (const [name, value] of headers) response.setHeader(name, value);
  if (!response.hasHeader("cache-control")) response.setHeader("cache-control", "no-store");
  response.setHeader("x-content-type-options", "nosniff");
  if (body === undefined) {
    response.writeHead(status).end();
    return;
  }
  response.setHeader("content-type", "application/json; charset=utf-8");
  response.setHeader("content-length", Buffer.byteLength(body));
  response.writeHead(status).end(body);
}

function encodeResult(result: unknown, maxBytes: number): string {
  // An object always has a text.
  const body = encodeJson({ result }) as string;
  if (Buffer.byteLength(body) > maxBytes) throw new RangeError(`The result is larger than ${maxBytes} bytes`);
  return body;
}

function checkHeader(name: string, value: unknown): [string, string] {
  validateHeaderName(name);
  if (typeof value !== "string") throw new TypeError(`HttpResp: the header ${name} is not text`);
  validateHeaderValue(name, value);
  const lower = name.toLowerCase();
  const isJson = lower === "content-type" && /^application\/json\b/i.test(value);
  if (!isJson && (HOST_HEADERS.has(lower) || lower.startsWith("access-control-"))) {
    throw new TypeError(`HttpResp: the header ${name} is the server's own`);
  }
  return [lower, value];
}

// They frame the message or say who may read it. With another content type a
// browser would run the JSON of a hostile caller as a page.
const HOST_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "date",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "vary",
  "x-content-type-options",
  "x-kontract-call-id",
]);
