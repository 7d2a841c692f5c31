import type { IncomingMessage } from "node:http";
import { HttpError, invalid, NOT_TAKEN, NotFoundError } from "../../errors.js";
import type { Call, Failure, Reply, Response } from "../../protocol/index.js";
import { failureBody } from "../../runtime/failure.js";
import { type Host, invoke } from "../../runtime/invoke.js";
import { callerAddress } from "../address.js";
import type { Deliver } from "../../runtime/streaming.js";
import type { Arrivals } from "../arrivals.js";
import type { Backlog } from "../backlog.js";
import { isLoopbackAddress } from "../origin.js";
import { readBearer, readCookie, readHeaders } from "../request.js";
import { checkHeaders } from "../respond.js";
import { Login } from "./login.js";
import type { Outlet } from "./outlet.js";
import type { Streams } from "./streams.js";

/** What calls are served with. */
export interface Service {
  host: Host;
  /** The routes that change nothing. */
  reads: ReadonlySet<string>;
  /** Where what has not arrived whole is counted. */
  arrivals: Arrivals;
  /** Counts a call while it is served; undefined where there are too many. */
  enter(): (() => void) | undefined;
  streams: Streams;
  /** Where what clients have not read is counted. */
  backlog: Backlog;
  dev: boolean;
}

/** Serves a call of the protocol as one that came in an HTTP request; `request` brought it, or its stream. */
export async function serveCall(
  service: Service,
  request: IncomingMessage,
  number: number,
  call: Call,
  signal: AbortSignal,
  outlet?: Outlet,
): Promise<Reply> {
  const { host, dev } = service;
  const callId = callIdOf(call);
  let leave = service.enter();
  if (leave === undefined) return failure(number, { code: NOT_TAKEN, message: "Too many calls at the same time", status: 503 });
  /** A stream takes a place of its own with its first item. */
  const enter = async (login: Login, stream: Outlet): Promise<void> => {
    const { isAnonymous, owner } = await login.session();
    const entered = service.streams.enter(isAnonymous ? callerAddress(request) : owner, stream);
    leave?.();
    leave = entered;
  };
  const deliverFor = (login: Login): Deliver | undefined => {
    let entered: Promise<void> | undefined;
    return outlet && (async (item) => {
      await (entered ??= enter(login, outlet));
      await outlet.deliver(item, login, signal);
    });
  };
  try {
    return { type: "Response", response: await run(service, request, number, call, callId, signal, deliverFor) };
  } catch (error) {
    const given = signal.aborted && error === signal.reason ? new HttpError("The caller has given the call up", 504, "TIMEOUT") : error;
    const route = host.routes.has(call.method) ? { route: call.method } : {};
    const silent = given !== error;
    const body = failureBody(given, { callId, ...route }, silent ? () => {} : host.log, dev && isLoopbackAddress(callerAddress(request)));
    return failure(number, body);
  } finally {
    leave();
  }
}

/** The call's id as an `Idempotency-Key` would say it. */
export function callIdOf({ id }: Call): string {
  return Buffer.from(id).toString("hex");
}

async function run(
  { host, reads }: Service,
  request: IncomingMessage,
  number: number,
  { method: route, args, metadata }: Call,
  callId: string,
  signal: AbortSignal,
  deliverFor: (login: Login) => Deliver | undefined,
): Promise<Response> {
  if (!host.routes.has(route)) throw new NotFoundError(`Route ${route.slice(0, 100)} not found`);
  if (args.length > host.maxBytes) throw new HttpError(`body: expected at most ${host.maxBytes} bytes`, 413, "INVALID_REQUEST");
  const said = (key: string): string | undefined => metadata.find(([name]) => name === key)?.[1];
  const [authorization, trace, timeout] = [said("authorization"), said("trace-id"), said("timeout")];
  const headers = readHeaders(request);
  if (trace !== undefined) headers.set("x-trace-id", traceId(trace));
  const credential = authorization === undefined ? readCookie(request) : readBearer(authorization);
  const deliver = deliverFor(new Login(host.sessions, credential, headers.get("host") ?? ""));
  const reply = await invoke(timeout === undefined ? host : { ...host, deadlineMs: Math.min(host.deadlineMs, milliseconds(timeout)) }, {
    route,
    payload: { form: "binary", bytes: args, abi: said("abi") },
    credential,
    method: "POST",
    headers,
    callId,
    // What only reads may be answered anew.
    ...(reads.has(route) ? {} : { key: callId }),
    signal,
    ...(deliver === undefined ? {} : { deliver }),
  });
  const { status, body = new Uint8Array() } = reply;
  return { inReplyTo: number, status, headers: checkHeaders(reply.headers), result: body };
}

function failure(inReplyTo: number, body: Omit<Failure, "inReplyTo">): Reply {
  return { type: "Failure", failure: { inReplyTo, ...body } };
}

function traceId(text: string): string {
  if (!/^[A-Za-z0-9._:-]{1,128}$/.test(text)) throw invalid("trace-id: expected at most 128 letters, digits and . _ : -");
  return text;
}

/** At least one: a timer of none would fire before the call begins. */
function milliseconds(text: string): number {
  if (!/^\d+$/.test(text)) throw invalid("timeout: expected milliseconds");
  return Math.max(1, Number(text));
}
