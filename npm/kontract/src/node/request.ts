import type { IncomingMessage } from "node:http";
import { HttpError, invalid, UnauthorizedError } from "../errors.js";
import { ABI_HEADER, BYTES_TYPE, JSON_TYPE, SEALED_TYPE } from "../http-call.js";
import { type Form, formOf, parseJson, type Payload } from "../runtime/wire.js";
import type { Arrivals } from "./arrivals.js";

/** What a body may use up. */
export interface BodyLimits {
  readonly maxBytes: number;
  readonly deadlineMs: number;
  readonly arrivals: Arrivals;
}

/** Reads the body of a call. */
export async function readPayload(request: IncomingMessage, limits: BodyLimits): Promise<Payload> {
  const { form, bytes } = await readBody(request, limits);
  if (form === undefined && bytes.length > 0) {
    throw invalid(`body: expected the content type ${JSON_TYPE} or ${BYTES_TYPE}`);
  }
  const abi = request.headers[ABI_HEADER];
  return { form: form ?? "json", bytes, abi: typeof abi === "string" ? abi : undefined };
}

/** Reads a JSON body; undefined where there is none. */
export async function readJson(request: IncomingMessage, limits: BodyLimits): Promise<unknown> {
  const { form, bytes } = await readBody(request, limits);
  if (bytes.length === 0) return undefined;
  if (form !== "json") throw invalid(`body: expected the content type ${JSON_TYPE}`);
  return parseJson(bytes);
}

/** Reads the body of a `POST /raystream`. Other types are what browsers send across origins without asking first. */
export async function readSealed(request: IncomingMessage, limits: BodyLimits): Promise<Uint8Array> {
  if (request.headers["content-type"] !== SEALED_TYPE) {
    request.resume();
    throw new HttpError(`body: expected the content type ${SEALED_TYPE}`, 415, "INVALID_REQUEST");
  }
  const bytes = await readBytes(request, limits);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The session credential: a bearer token, or the `__Host-kontract` cookie. */
export function readCredential(request: IncomingMessage): string | null {
  const { authorization } = request.headers;
  return authorization === undefined ? readCookie(request) : readBearer(authorization);
}

/** The token of an `Authorization` header. */
export function readBearer(authorization: string): string {
  const token = /^Bearer +([A-Za-z0-9._~+/-]{1,512}=*)$/i.exec(authorization)?.[1];
  if (token === undefined) throw new UnauthorizedError();
  return token;
}

/** The credential in the request's cookies; null where there is none. */
export function readCookie({ headers }: IncomingMessage): string | null {
  const values = (headers.cookie ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(COOKIE))
    .map((pair) => pair.slice(COOKIE.length));
  if (values.length > 1 || values[0] === "") throw new UnauthorizedError();
  return values[0] ?? null;
}

/** The request's headers without its credentials: what handlers see, they may log. */
export function readHeaders(request: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(request.headersDistinct)) {
    if (name === "authorization" || name === "proxy-authorization") continue;
    for (const value of values) headers.append(name, name === "cookie" ? withoutCredential(value) : value);
  }
  return headers;
}

/** The caller's `Idempotency-Key`; undefined where there is none. */
export function readCallId(request: IncomingMessage): string | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key !== "string" || !/^[A-Za-z0-9._:-]{1,128}$/.test(key)) {
    throw invalid("Idempotency-Key: expected at most 128 letters, digits and . _ : -");
  }
  return key;
}

/** The form is undefined for other types, which browsers send across origins without asking first. */
async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<{ form: Form | undefined; bytes: Uint8Array }> {
  if (request.headers["content-encoding"] !== undefined) throw invalid("body: expected no content-encoding");
  const bytes = await readBytes(request, limits);
  return { form: formOf(request.headers["content-type"] ?? ""), bytes };
}

function readBytes(request: IncomingMessage, { maxBytes, deadlineMs, arrivals }: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const arrival = arrivals.begin(() => finish(new HttpError("Too many unfinished requests", 503, "SERVICE_UNAVAILABLE")));
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (error?: Error): void => {
      clearTimeout(timer);
      arrival.end();
      request.off("data", take).off("end", end).off("error", fail).off("close", fail);
      if (error === undefined) {
        resolve(Buffer.concat(chunks, length));
        return;
      }
      // What still arrives is thrown away, so that the caller gets to read the answer.
      request.on("error", () => {}).resume();
      reject(error);
    };
    const end = (): void => finish();
    const fail = (): void => finish(invalid("body: expected as many bytes as announced"));
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > maxBytes) {
        finish(tooLarge(maxBytes));
        return;
      }
      chunks.push(chunk);
      arrival.add(chunk.length);
    };
    const timer = setTimeout(
      () => finish(new HttpError("The request did not arrive in time", 408, "TIMEOUT")),
      deadlineMs,
    );
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) {
      finish(tooLarge(maxBytes));
      return;
    }
    request.on("data", take).on("end", end).on("error", fail).on("close", fail);
  });
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(`body: expected at most ${maxBytes} bytes`, 413, "INVALID_REQUEST");
}

function withoutCredential(cookie: string): string {
  return cookie
    .split(";")
    .filter((pair) => !pair.trim().startsWith(COOKIE))
    .join(";")
    .trim();
}

const COOKIE = "__Host-kontract=";
