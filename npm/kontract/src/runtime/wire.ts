import { isCodecError } from "../codec/errors.js";
import { invalid, StaleClientError } from "../errors.js";
import { ABI_HEADER, BYTES_TYPE, JSON_TYPE } from "../http-call.js";
import { isHttpResp } from "../http-resp.js";
import type { RouteCodec } from "./routes.js";

/** The two forms of a call; its answer has the form that the request had. */
export type Form = "binary" | "json";

/** Arguments as they came. */
export interface Payload {
  form: Form;
  bytes: Uint8Array;
  /** The header `x-kontract-abi`: the hash of the contract that the caller was built with. */
  abi: string | undefined;
}

/** A result, ready to be sent. */
export interface Reply {
  form: Form;
  status: number;
  /** What the function asked for; not checked yet. */
  headers: Readonly<Record<string, unknown>>;
  /** undefined for an answer without a body by its status. */
  body: Uint8Array | undefined;
}

/** The content type of each form. */
export const CONTENT_TYPES: Readonly<Record<Form, string>> = {
  binary: BYTES_TYPE,
  json: `${JSON_TYPE}; charset=utf-8`,
};

/** The form that a content type means; undefined for any other. */
export function formOf(contentType: string): Form | undefined {
  if (/^application\/x-kontract\s*$/i.test(contentType)) return "binary";
  return /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(contentType) ? "json" : undefined;
}

/** Refuses a caller whose contract is not among those the route still serves. */
export function checkContract(route: string, { form, abi }: Payload, accepts: ReadonlySet<string> | undefined): void {
  if (abi === undefined) {
    // Bytes mean nothing without the contract they were written by; JSON names its fields.
    if (form === "json") return;
    throw invalid(`${ABI_HEADER}: expected the hash of the client's contract`);
  }
  if (accepts?.has(abi) !== true) throw new StaleClientError(route.slice(0, 100));
}

/** Reads the arguments of a call. */
export function readArguments(codec: RouteCodec, { form, bytes }: Payload): unknown[] {
  try {
    return form === "binary" ? codec.decodeRequest(bytes) : codec.readRequest(parseArguments(bytes));
  } catch (error) {
    if (!isCodecError(error)) throw error;
    throw invalid(error.message, error.path);
  }
}

/**
 * Writes what a function returned in the form of its call. Throws where it does not
 * match its declared type, is larger than allowed, or has a status that is none.
 */
export function writeReply(codec: RouteCodec, form: Form, returned: unknown, maxBytes: number): Reply {
  if (!isHttpResp(returned)) {
    return { form, status: 200, headers: {}, body: writeResult(codec, form, returned, maxBytes) };
  }
  const { data, status, headers } = returned;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`HttpResp: ${String(status)} is not a status from 200 to 599`);
  }
  const bodyless = status === 204 || (status >= 300 && status < 400);
  const body = bodyless ? undefined : writeResult(codec, form, data, maxBytes);
  return { form, status, headers: headers ?? {}, body };
}

/** Writes an item of a stream. Throws where it does not match its declared type or is larger than allowed. */
export function writeItem(codec: RouteCodec, item: unknown, maxBytes: number): Uint8Array {
  return writeResult(codec, "binary", item, maxBytes);
}

/** What a stream is answered with behind its items. */
export const END_OF_STREAM: Reply = { form: "binary", status: 200, headers: {}, body: undefined };

/** Reads the JSON of a body. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message would quote the body, which may hold a password.
    throw invalid("body: expected JSON");
  }
}

function parseArguments(bytes: Uint8Array): readonly unknown[] {
  if (bytes.length === 0) return [];
  const json = parseJson(bytes);
  if (!Array.isArray(json)) throw invalid("body: expected an array of arguments");
  return json;
}

function writeResult(codec: RouteCodec, form: Form, result: unknown, maxBytes: number): Uint8Array {
  const body = encodeResult(codec, form, result);
  if (body.length > maxBytes) throw new RangeError(`The result is larger than ${maxBytes} bytes`);
  return body;
}

function encodeResult(codec: RouteCodec, form: Form, result: unknown): Uint8Array {
  try {
    if (form === "binary") return codec.encodeResponse(result);
    return UTF8.encode(JSON.stringify({ result: codec.writeResponse(result) }));
  } catch (error) {
    if (!isCodecError(error)) throw error;
    throw new TypeError(`the result does not match its declared type: ${error.message}`, { cause: error });
  }
}

const UTF8 = new TextEncoder();
