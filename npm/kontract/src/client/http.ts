import { codeOfStatus, type ErrorBody, HttpError, rebuildError } from "../errors.js";
import { encodeJson } from "../json.js";
import { serverUrl, settings } from "./configure.js";
import type { CallOptions, Transport } from "./types.js";

/** Calls as `POST <baseUrl>/rpc/<route>`. */
export const httpTransport: Transport = {
  async call({ route, args, options }) {
    const answer = await request("POST", `/rpc/${encodeURIComponent(route)}`, args, options);
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
  const { fetch: send = globalThis.fetch, timeout: defaultTimeout = DEFAULT_TIMEOUT_MS } = settings();
  const url = serverUrl() + path;
  const init: RequestInit = {
    method,
    headers: requestHeaders(body),
    // A redirect is an answer: following it would turn the call into a GET elsewhere.
    redirect: "manual",
  };
  if (body !== undefined) init.body = encodeJson(body) as string;

  const limit = limitTime(options.signal, options.timeout ?? defaultTimeout);
  try {
    const response = await send(url, { ...init, signal: limit.signal });
    return await readAnswer(response);
  } catch (error) {
    if (error instanceof HttpError) throw error;
    if (options.signal?.aborted) throw options.signal.reason;
    if (limit.expired()) throw new HttpError("The server did not answer in time", 504, "TIMEOUT");
    throw new HttpError("The server cannot be reached", 503, "SERVICE_UNAVAILABLE", { cause: error });
  } finally {
    limit.clear();
  }
}

function requestHeaders(body: unknown): Headers {
  const { token, headers } = settings();
  const result = new Headers({ accept: "application/json", ...headers });
  if (body !== undefined) result.set("content-type", "application/json");
  if (token) result.set("authorization", `Bearer ${token}`);
  return result;
}

async function readAnswer(response: Response): Promise<object | null> {
  const { status } = response;
  if (status === 204 || response.type === "opaqueredirect" || (status >= 300 && status < 400)) return null;
  const text = await response.text();
  const answer = parseObject(text);
  const error = answer === undefined ? undefined : errorOf(answer, status);
  if (error !== undefined) throw rebuildError(error);
  // Something between client and server answered: a proxy's error page, another application.
  if (answer === undefined || (status >= 400 && !("result" in answer))) {
    const known = status >= 400 ? status : 502;
    throw new HttpError(`Unexpected answer from the server (HTTP ${status})`, known, codeOfStatus(known));
  }
  return answer;
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

interface TimeLimit {
  signal: AbortSignal;
  expired(): boolean;
  clear(): void;
}

function limitTime(signal: AbortSignal | undefined, timeout: number): TimeLimit {
  const controller = new AbortController();
  let expired = false;
  const abort = (): void => controller.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => {
    expired = true;
    controller.abort();
  }, Math.min(timeout, LONGEST_TIMER_MS));
  return {
    signal: controller.signal,
    expired: () => expired,
    clear() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    },
  };
}

const DEFAULT_TIMEOUT_MS = 30_000;
// A timer above this fires at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1;
