import { isHttpResp } from "../http-resp.js";
import type { Route, Routes } from "../runtime/routes.js";
import { outsideOfCalls, readVariable, view } from "../runtime/view.js";
import type { Context } from "../types/context.js";
import type { AuthAdmin, Env } from "../types/registry.js";
import { detailOf } from "./failure.js";
import { host } from "./host.js";

/** What the gateway tells of a call. */
interface CallFacts {
  route: string;
  path: string;
  method: string;
  callId: string;
  sid: string;
  owner: string;
  tenant: string;
  /** The session's. */
  perm: number;
  ugroups: string[];
  isAnonymous: boolean;
  expiresAt: number;
}

// An isolate serves one call at a time, and is not used again while anything of a call can run.
let current: Context | undefined;
let controller: AbortController | undefined;

/** The call that is being served. Available inside backend functions and middlewares. */
export const ctx: Context = view("ctx", () => currentContext("ctx"));

/** Storage, shared state, accounts and environment variables. Available inside backend functions and middlewares. */
export const env: Env = view(
  "env",
  () => {
    currentContext("env");
    return services;
  },
  (from, key) => (key in from ? from[key as keyof typeof from] : readVariable(variables, key)),
);

/** Runs a route's middlewares and function, and tells the gateway what the answer looks like. */
export function serve(routes: Routes, facts: CallFacts, args: unknown[]): Promise<unknown> {
  const served = run(routes, facts, args);
  // The gateway looks at it later: until then nobody handles its rejection.
  served.catch(() => {});
  return served;
}

async function run(routes: Routes, facts: CallFacts, args: unknown[]): Promise<unknown> {
  const route = routes.get(facts.route);
  if (route === undefined) throw new Error(`${facts.route} is not registered: run \`kontract build\` again`);
  controller = undefined;
  current = makeContext(facts, route);
  const returned = await route.handler(current, args);
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

function makeContext(facts: CallFacts, { meta }: Route): Context {
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
  if (current === undefined) throw outsideOfCalls(name);
  return current;
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

const services = {
  get storage() {
    return host.storage;
  },
  get shared() {
    return host.shared;
  },
  auth,
  get afterCommit() {
    return host.afterCommit;
  },
};

const variables: ReadonlyMap<string, string | undefined> = new Map(host.variables());
