import { codeOfStatus, type ErrorBody, HttpError, rebuildError } from "../errors.js";
import { ABI_HEADER, BYTES_TYPE, JSON_TYPE, RPC_BASE } from "../http-call.js";
import { serverUrl, settings } from "./configure.js";
import { unreachable } from "./failures.js";
import { encodeJson } from "./json.js";
import { DEFAULT_TIMEOUT_MS, within } from "./limit.js";
import { decodeResult, encodeArguments, isBodyless } from "./stub-codec.js";
import { type CallOptions, type Codec, hasCodec, type Transport } from "./types.js";

/** Calls as `POST <baseUrl>/rpc/<route>`: in bytes where the stub has a codec, else in JSON. */
export const httpTransport: Transport = {
  async call({ route, args, meta, options }) {
    const path = `${RPC_BASE}/${encodeURIComponent(route)}`;
    if (hasCodec(meta)) return callInBytes(route, path, args, meta, options);
    const answer = await request("POST", path, args, options);
    // A function without a result answers an object without `result`.
    return answer === null ? null : (answer as { result?: unknown }).result;
  },
};

/**
 * Sends one request and returns the JSON object of its answer, null where the
 * answer has no body by its status. Rejects with the error that was answered,
 * with SERVICE_UNAVAILABLE 503 when there is no answer, with TIMEOUT 504 when it
 * comes too late, and with the signal's reason when the caller gave up.
 */
export async function request(
  method: "GET" | "POST",
  path: string,
  body: unknown,
  options: CallOptions = {},
): Promise<object | null> {
  const init: RequestInit = { method, headers: { accept: JSON_TYPE } };
  if (body !== undefined) {
    init.headers = { accept: JSON_TYPE, "content-type": JSON_TYPE };
    init.body = encodeJson(body) as string;
  }
  return exchange(path, init, options, async (response) => {
    if (hasNoBody(response)) return null;
    const answer = parseAnswer(await response.text(), response.status);
    if ("result" in answer || response.status < 400) return answer;
    throw unexpected(response.status);
  });
}

async function callInBytes(
  route: string,
  path: string,
  args: readonly unknown[],
  codec: Codec,
  options: CallOptions,
): Promise<unknown> {
  const init: RequestInit = {
    method: "POST",
    headers: { accept: `${BYTES_TYPE}, ${JSON_TYPE}`, "content-type": BYTES_TYPE, [ABI_HEADER]: codec.abi },
    body: encodeArguments(codec, args),
  };
  const bytes = await exchange(path, init, options, async (response) => {
    if (hasNoBody(response)) return null;
    if (response.headers.get("content-type")?.trim().toLowerCase() !== BYTES_TYPE) {
      // Errors are JSON; a result in JSON would be one that nobody has checked.
      return refused(response);
    }
    return new Uint8Array(await response.arrayBuffer());
  });
  return bytes === null ? null : decodeResult(route, codec, bytes);
}

/** Sends one request within its time, and reads the answer. */
async function exchange<Result>(
  path: string,
  init: RequestInit,
  options: CallOptions,
  read: (response: Response) => Promise<Result>,
): Promise<Result> {
  const { fetch: send = globalThis.fetch, timeout = DEFAULT_TIMEOUT_MS } = settings();
  const url = serverUrl() + path;
  return within(options.signal, options.timeout ?? timeout, async ({ signal }) => {
    try {
      const response = await send(url, {
        ...init,
        headers: withSettings(init.headers),
        // A redirect is an answer: following it would turn the call into a GET elsewhere.
        redirect: "manual",
        signal,
      });
      return await read(response);
    } catch (error) {
      throw error instanceof HttpError ? error : unreachable(error);
    }
  });
}

/** The headers of a request with those that the settings add. */
function withSettings(own: RequestInit["headers"]): Headers {
  const { token, headers } = settings();
  const result = new Headers(headers);
  new Headers(own).forEach((value, name) => {
    if (name !== "accept" || !result.has(name)) result.set(name, value);
  });
  if (token) result.set("authorization", `Bearer ${token}`);
  return result;
}

function hasNoBody({ status, type }: Response): boolean {
  return type === "opaqueredirect" || isBodyless(status);
}

/** The JSON object of an answer; throws the error it may hold. */
function parseAnswer(text: string, status: number): object {
  const answer = parseObject(text);
  const error = answer === undefined ? undefined : errorOf(answer, status);
  if (error !== undefined) throw rebuildError(error);
  if (answer === undefined) throw unexpected(status);
  return answer;
}

/** Throws the error that an answer in JSON holds. */
async function refused(response: Response): Promise<never> {
  parseAnswer(await response.text(), response.status);
  throw unexpected(response.status);
}

/** Something between client and server answered: a proxy's error page, another application. */
function unexpected(status: number): HttpError {
  const known = status >= 400 ? status : 502;
  return new HttpError(`Unexpected answer from the server (HTTP ${status})`, known, codeOfStatus(known));
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function errorOf(answer: { error?: unknown }, httpStatus: number): ErrorBody | undefined {
  const error = answer.error;
  if (typeof error !== "object" || error === null) return undefined;
  const { code, message, status, path } = error as Partial<Record<keyof ErrorBody, unknown>>;
  const known = typeof status === "number" && status >= 400 && status <= 599 ? status : httpStatus;
  return {
    code: typeof code === "string" ? code : codeOfStatus(known),
    message: typeof message === "string" ? message : `The call failed (HTTP ${httpStatus})`,
    status: known,
    ...(typeof path === "string" ? { path } : {}),
  };
}
