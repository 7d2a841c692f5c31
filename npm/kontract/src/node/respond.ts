import { type ServerResponse, validateHeaderName, validateHeaderValue } from "node:http";
import { SEALED_TYPE } from "../http-call.js";
import type { FailureBody } from "../runtime/failure.js";
import { CONTENT_TYPES, type Reply } from "../runtime/wire.js";
import { type Backlog, LARGE } from "./backlog.js";

/** An answer, ready to be sent. */
export interface Answer {
  status: number;
  headers: readonly (readonly [string, string])[];
  /** undefined for an answer without a body. */
  body: { type: string; content: string | Uint8Array } | undefined;
}

/** The answer to a call that succeeded. Throws where the function asked for headers that are none. */
export function replyAnswer({ form, status, headers, body }: Reply): Answer {
  return { status, headers: checkHeaders(headers), body: body && { type: CONTENT_TYPES[form], content: body } };
}

/** The answer to a `POST /raystream`. */
export function sealedAnswer(content: Uint8Array): Answer {
  return { status: 200, headers: [], body: { type: SEALED_TYPE, content } };
}

/** The headers that a function asked for. Throws where they are none. */
export function checkHeaders(headers: Reply["headers"]): [string, string][] {
  return Object.entries(headers).map(([name, value]) => checkHeader(name, value));
}

/** The answer to a call that failed. */
export function failureAnswer(error: FailureBody): Answer {
  const headers = error.status === 429 || error.status === 503 ? ([["retry-after", "1"]] as const) : [];
  return { status: error.status, headers, body: jsonBody({ error }) };
}

/** An answer of the host itself. */
export function jsonAnswer(status: number, body: object): Answer {
  return { status, headers: [], body: jsonBody(body) };
}

/** Sends an answer, unless the caller has gone or was answered. */
export function send(response: ServerResponse, { status, headers, body }: Answer, backlog: Backlog): void {
  if (response.headersSent || response.destroyed) return;
  for (const [name, value] of headers) response.setHeader(name, value);
  if (!response.hasHeader("cache-control")) response.setHeader("cache-control", "no-store");
  response.setHeader("x-content-type-options", "nosniff");
  if (body === undefined) {
    response.writeHead(status).end();
    return;
  }
  response.setHeader("content-type", body.type);
  response.setHeader("content-length", Buffer.byteLength(body.content));
  response.writeHead(status).end(body.content);
  if (body.content.length < LARGE) return;
  const leave = backlog.enter({
    get bytes() {
      return response.writableLength;
    },
    end: () => void response.destroy(),
  });
  response.once("close", leave);
  backlog.grew();
}

function jsonBody(value: object): Answer["body"] {
  return { type: CONTENT_TYPES.json, content: JSON.stringify(value) };
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
