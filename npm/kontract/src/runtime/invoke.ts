import { ForbiddenError, HttpError, invalid, NotFoundError, PermissionError } from "../errors.js";
import { allows } from "../perms.js";
import type { Context } from "../types/context.js";
import type { AuthAdmin, Storage } from "../types/registry.js";
import type { Keyed, StorageBackend, Transacting } from "./backing.js";
import { keyedCall } from "./keyed.js";
import type { Logger } from "./log.js";
import { isLazy } from "./lazy.js";
import type { LazyRoute, Route, Routes } from "./routes.js";
import { currentInvocation, type Invocation, withInvocation } from "./scope.js";
import type { Session, SessionSource } from "./session.js";
import { type Deliver, passItems, PATIENCE_MS } from "./streaming.js";
import { checkContract, END_OF_STREAM, type Payload, readArguments, type Reply, writeItem, writeReply } from "./wire.js";

/** What a host lends to the calls it dispatches. */
export interface Host {
  routes: Routes;
  /** The hashes of the contracts that each route still serves. */
  accepts: ReadonlyMap<string, ReadonlySet<string>>;
  /** The routes whose effects are all in the transaction of their call. */
  contained: ReadonlySet<string>;
  sessions: SessionSource;
  backend: StorageBackend;
  /** `asker` is the key of the session whose call it is. */
  auth: { setGroups(userId: string, groups: readonly string[], asker?: Uint8Array): Promise<void> };
  /** The environment variables that `env` offers. */
  variables: ReadonlyMap<string, string | undefined>;
  log: Logger;
  /** What `ctx.path` begins with: `/rpc`. */
  base: string;
  deadlineMs: number;
  /** The largest body of an answer. */
  maxBytes: number;
  /** Told of work that outlives an answer. */
  keepAlive?: (work: Promise<unknown>) => void;
}

/** A call as it came in. */
export interface Call {
  route: string;
  payload: Payload;
  credential: string | null;
  method: string;
  headers: Headers;
  callId: string;
  /** The caller's `Idempotency-Key`. */
  key?: string;
  /** Aborted when the caller has gone. */
  signal?: AbortSignal;
  /** Takes the items of a result that is streamed. Absent where the caller can be sent none. */
  deliver?: Deliver;
}

/**
 * Serves a call: looks up the route, then the session, checks permission, group and
 * contract, reads the arguments, runs the middlewares and the function, for as long
 * as the deadline allows, and writes the result. Rejects with what was thrown.
 *
 * A module that is loaded lazily is loaded for callers who may call it only.
 * Arguments are read last, so that whoever may not call costs little and learns
 * nothing of the route's types.
 */
export async function invoke(host: Host, call: Call): Promise<Reply> {
  const found = host.routes.get(call.route);
  if (found === undefined) throw new NotFoundError(`Route ${call.route.slice(0, 100)} not found`);
  const session = await host.sessions.resolve(call.credential, call.headers.get("host") ?? "");
  authorize(found, session);
  checkContract(call.route, call.payload, host.accepts.get(call.route));
  const streams = found.meta.streams ?? false;
  if (streams && call.deliver === undefined) {
    throw invalid(`${call.route} streams its result: it is called over a raystream connection`);
  }
  const route = isLazy(found) ? await found.load() : found;
  const args = readArguments(route.codec, call.payload);
  const about = { claimsFirst: !host.contained.has(call.route), streams };
  const keyed = call.key === undefined ? undefined : await keyedCall(call.key, call.credential !== null, call.route, call.payload, about);
  return run(host, call, route, session, args, keyed);
}

function authorize({ meta }: Route | LazyRoute, session: Session): void {
  if (!allows(session.perm, meta.perm)) throw PermissionError.insufficient();
  if (meta.ugroup !== undefined && !session.ugroups.includes(meta.ugroup)) throw new ForbiddenError();
}

function run(
  host: Host,
  call: Call,
  route: Route,
  session: Session,
  args: unknown[],
  keyed: Keyed | undefined,
): Promise<Reply> {
  const controller = new AbortController();
  // Of the attempt under way: the call runs again where its transaction met another one.
  let invocation: Invocation | undefined;
  let saw: (txid: bigint) => void = () => {};
  let given: unknown[] | undefined = args;
  let ended: HttpError | undefined;
  let effects = 0;
  let due = Date.now() + host.deadlineMs;
  // Its caller has been sent items.
  let begun = false;
  // What the attempt has given to `env.afterCommit`; undefined once the call is over.
  let hooks: (() => unknown)[] | undefined = [];
  const access: Transacting = {
    tenant: session.tenant,
    owner: session.owner,
    perm: session.perm,
    ...(session.key === undefined ? {} : { key: session.key }),
    get deadline() {
      return due;
    },
    isolation: route.meta.isolation ?? "serializable",
    get retry() {
      return (route.meta.retry ?? false) && !begun;
    },
    ...(keyed === undefined ? {} : { keyed }),
    saw: (txid) => saw(txid),
    check: () => assertCurrent(invocation),
    effects: () => effects + (invocation?.effects ?? 0),
    noteEffect: () => void (effects += 1),
    mark() {
      const [marked, noted] = [hooks, hooks?.length ?? 0];
      return () => void marked?.splice(noted);
    },
  };

  const auth: AuthAdmin = Object.freeze({
    setGroups: (userId: string, groups: readonly string[]) => host.auth.setGroups(userId, groups, session.key),
  });

  const afterCommit = (work: () => unknown): void => {
    if (typeof work !== "function") throw new TypeError("env.afterCommit: expected a function");
    access.check();
    if (hooks === undefined) throw new Error("The call has ended: env.afterCommit belongs before its end");
    hooks.push(work);
  };

  /** The call has been committed. */
  const runHooks = async (noted: (() => unknown)[]): Promise<void> => {
    for (const work of noted) {
      try {
        await withInvocation(invocation as Invocation, work);
      } catch (error) {
        host.log({ level: "error", message: "env.afterCommit failed", callId: call.callId, route: call.route, error });
      }
    }
  };

  /** The time of a stream begins anew with each item, and does not pass while its reader takes none. */
  const send = async (item: unknown): Promise<void> => {
    const bytes = writeItem(route.codec, item, host.maxBytes);
    if (ended !== undefined) throw ended;
    effects += 1;
    begun = true;
    expireIn(PATIENCE_MS);
    await call.deliver?.(bytes);
    if (ended !== undefined) throw ended;
    expireIn(host.deadlineMs);
  };

  const attempt = async (storage: Storage): Promise<Reply> => {
    // Its caller has been told so before it began.
    if (ended !== undefined) throw ended;
    const made = makeContext(host, call, route, session, controller.signal);
    const shared = host.backend.shared(access);
    const env = { storage, shared, auth, variables: host.variables, afterCommit };
    const current: Invocation = { context: made.context, env, effects: 0 };
    effects += invocation?.effects ?? 0;
    invocation = current;
    hooks = [];
    saw = made.saw;
    // A function may change its arguments.
    const read = given ?? readArguments(route.codec, call.payload);
    given = undefined;
    // A result is written as part of the call: its getters may belong to the application.
    return withInvocation(current, async () => {
      const returned = await route.handler(made.context, read);
      const reply = route.meta.streams
        ? await passItems(returned, send).then(() => END_OF_STREAM)
        : writeReply(route.codec, call.payload.form, returned, host.maxBytes);
      // Nothing is committed that its caller was told has not happened.
      if (ended !== undefined) throw ended;
      return reply;
    });
  };

  let timer: ReturnType<typeof setTimeout> | undefined;
  let expire = (): void => {};
  const expireIn = (ms: number): void => {
    clearTimeout(timer);
    due = Date.now() + ms;
    timer = setTimeout(() => expire(), ms);
  };

  return new Promise((resolve, reject) => {
    // Those who listen to the signal are part of the call.
    const abort = (reason: unknown): void => {
      if (invocation === undefined) controller.abort(reason);
      else withInvocation(invocation, () => controller.abort(reason));
    };
    expire = () => {
      ended = new HttpError("The call did not finish in time", 504, "TIMEOUT");
      if (invocation !== undefined) invocation.ended = ended;
      reject(ended);
      abort(ended);
    };
    expireIn(host.deadlineMs);
    const leave = (): void => abort(call.signal?.reason);
    if (call.signal?.aborted) leave();
    call.signal?.addEventListener("abort", leave, { once: true });

    host.backend
      .transact(access, attempt)
      .then(
        (reply) => {
          resolve(reply);
          const noted = hooks ?? [];
          hooks = undefined;
          if (noted.length === 0) return;
          const done = runHooks(noted);
          host.keepAlive?.(done);
        },
        (error: unknown) => {
          hooks = undefined;
          reject(error);
        },
      )
      .finally(() => {
        clearTimeout(timer);
        call.signal?.removeEventListener("abort", leave);
      });
  });
}

function makeContext(
  host: Host,
  call: Call,
  { meta }: Route,
  session: Session,
  signal: AbortSignal,
): { context: Context; saw: (txid: bigint) => void } {
  let currentTxid = 0n;
  const { callId, method, headers } = call;
  const context: Context = Object.freeze({
    sid: session.id,
    owner: session.owner,
    tenant: session.tenant,
    get currentTxid() {
      return currentTxid;
    },
    perm: meta.perm,
    method,
    path: `${host.base}/${call.route}`,
    headers,
    route: Object.freeze({
      name: call.route,
      ...(meta.egroup === undefined ? {} : { egroup: meta.egroup }),
    }),
    isAnonymous: session.isAnonymous,
    ugroups: Object.freeze([...session.ugroups]) as string[],
    session: Object.freeze({
      id: session.id,
      perm: session.perm,
      expiresAt: new Date(session.expiresAt),
    }),
    signal,
    callId,
    waitUntil(work: Promise<unknown>) {
      const settled = Promise.resolve(work).then(
        () => {},
        (error: unknown) =>
          host.log({ level: "error", message: "waitUntil failed", callId, route: call.route, error }),
      );
      host.keepAlive?.(settled);
    },
  });
  const saw = (txid: bigint): void => {
    if (txid > currentTxid) currentTxid = txid;
  };
  return { context, saw };
}

function assertCurrent(invocation: Invocation | undefined): void {
  if (invocation?.ended !== undefined) throw invocation.ended;
  // A table kept in a module variable would act for the session that first took it.
  if (currentInvocation("env") !== invocation) {
    throw new Error("A table belongs to the call that took it: take it from env.storage in every call");
  }
}
