import { isHttpResp } from "../http-resp.js";
import { isLazy } from "../runtime/lazy.js";
import type { LazyRoute, Route, Routes } from "../runtime/routes.js";
import { passItems } from "../runtime/streaming.js";
import { outsideOfCalls, readVariable, refuseChange, view } from "../runtime/view.js";
import type { Context } from "../types/context.js";
import type { AuthAdmin, Env } from "../types/registry.js";
import { detailOf } from "./failure.js";
import { type CallFacts, host } from "./host.js";

// An isolate serves one call at a time, and is not used again while anything of a call can run.
let serving: Route | LazyRoute | undefined;
let context: Context | undefined;
let controller: AbortController | undefined;

/** The call that is being served. Available inside backend functions and middlewares. */
export const ctx: Context = view("ctx", () => currentContext("ctx"));

/** Storage, shared state, accounts and environment variables. Available inside backend functions and middlewares. */
export const env: Env = Object.freeze(
  // What most functions ask for is found without asking the view behind it.
  Object.create(
    view("env", whileServing, (_, key) => readVariable(variables, key)),
    {
      storage: service(() => host.storage),
      shared: service(() => host.shared),
      auth: service(() => auth),
      afterCommit: service(() => host.afterCommit),
    },
  ),
);

/** Calls a route's middlewares and function. */
export function serve(routes: Routes, name: string, args: unknown[]): Promise<unknown> {
  serving = routes.get(name);
  if (serving === undefined) throw new Error(`${name} is not registered: run \`kontract build\` again`);
  context = undefined;
  controller = undefined;
  const returned: unknown = isLazy(serving) ? serveLazily(serving, args) : serving.handler(ctx, args);
  if (serving.meta.streams) return stream(returned);
  return returned instanceof Promise ? returned : Promise.resolve(returned);
}

/** Sends the items. There is no result behind them. */
async function stream(returned: unknown): Promise<void> {
  await passItems(await returned, (item) => host.deliver(item).catch(leave));
}

/** Nobody takes items any more: whoever listens to `ctx.signal` is told before the function ends. */
function leave(reason: unknown): never {
  abort(reason);
  throw reason;
}

/** An engine remembers modules that failed: the next call needs another isolate. */
async function serveLazily(route: LazyRoute, args: unknown[]): Promise<unknown> {
  let loaded: Route;
  try {
    loaded = await route.load();
  } catch (error) {
    host.giveUp();
    throw error;
  }
  return loaded.handler(ctx, args);
}

/** What a function returned, without the `HttpResp` around it: of that the gateway is told. */
export function unwrap(returned: unknown): unknown {
  if (!isHttpResp(returned)) return returned;
  const { data, status, headers } = returned;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`HttpResp: ${String(status)} is not a status from 200 to 599`);
  }
  host.respond(status, Object.entries(headers ?? {}).map(checkHeader));
  return data;
}

/** Tells those who listen to `ctx.signal` that nobody waits for the call any more. */
export function abort(reason: unknown): void {
  controller?.abort(reason);
}

function makeContext(facts: CallFacts, { meta }: Route | LazyRoute): Context {
  const { sid, owner, tenant, method, path, callId, isAnonymous } = facts;
  let headers: Headers | undefined;
  return Object.freeze({
    sid,
    owner,
    tenant,
    get currentTxid() {
      return host.currentTxid();
    },
    perm: meta.perm,
    method,
    path,
    get headers() {
      return (headers ??= new Headers(host.headers()));
    },
    route: Object.freeze({
      name: facts.route,
      ...(meta.egroup === undefined ? {} : { egroup: meta.egroup }),
    }),
    isAnonymous,
    ugroups: Object.freeze(facts.ugroups) as string[],
    session: Object.freeze({ id: sid, perm: facts.perm, expiresAt: new Date(facts.expiresAt) }),
    get signal() {
      if (controller === undefined) {
        controller = new AbortController();
        if (host.takeSignal()) controller.abort();
      }
      return controller.signal;
    },
    callId,
    waitUntil(work: Promise<unknown>) {
      const settled = Promise.resolve(work).then(
        () => {},
        (error: unknown) => host.log("waitUntil failed", detailOf(error)),
      );
      host.keep(settled);
    },
  });
}

function currentContext(name: string): Context {
  if (serving === undefined) throw outsideOfCalls(name);
  return (context ??= makeContext(host.facts(), serving));
}

function checkHeader([name, value]: [string, unknown]): [string, string] {
  if (typeof value !== "string") throw new TypeError(`HttpResp: the header ${name} is not text`);
  return [name, value];
}

const auth: AuthAdmin = Object.freeze({
  async setGroups(user: string, groups: readonly string[]) {
    if (!Array.isArray(groups) || groups.some((group) => typeof group !== "string" || group === "")) {
      throw new TypeError("setGroups: expected the names of groups");
    }
    await host.setGroups(String(user), [...groups]);
  },
});

function service(read: () => unknown): PropertyDescriptor {
  return {
    enumerable: true,
    get() {
      whileServing();
      return read();
    },
    set: refuseChange("env"),
  };
}

function whileServing(): object {
  if (serving === undefined) throw outsideOfCalls("env");
  return NOTHING;
}

const NOTHING = Object.freeze({});
const variables: ReadonlyMap<string, string | undefined> = new Map(host.variables());
