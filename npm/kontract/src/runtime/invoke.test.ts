import { describe, expect, test } from "vitest";
import { CodecError } from "../codec/errors.js";
import { ForbiddenError, NotFoundError, PermissionError, UnauthorizedError } from "../errors.js";
import { MemoryStorage } from "../memory/storage.js";
import { dataCodec } from "../testing/codec.js";
import { JSON_TABLE } from "../testing/rows.js";
import type { Context } from "../types/context.js";
import type { TableProxy, UntypedTable } from "../types/storage.js";
import { ctx, env } from "./globals.js";
import { type Call, type Host, invoke as invokeRoute } from "./invoke.js";
import type { LogEntry } from "./log.js";
import type { Route } from "./routes.js";
import type { Session } from "./session.js";
import type { Payload } from "./wire.js";

const session: Session = {
  id: "s1",
  tenant: "main",
  owner: "ada",
  perm: 6,
  ugroups: ["staff"],
  isAnonymous: false,
  expiresAt: new Date(1e12),
};

/** What a function returned stays on this side: the answer holds its number. */
const results: unknown[] = [];
const numbered: Route["codec"] = { ...dataCodec(), writeResponse: (result) => results.push(result) - 1 };

async function invoke(host: Host, call: Call): Promise<unknown> {
  const { body } = await invokeRoute(host, call);
  return results[(JSON.parse(new TextDecoder().decode(body)) as { result: number }).result];
}

type Given = Route["handler"] | (Omit<Route, "codec"> & Partial<Route>);

function makeHost(routes: Record<string, Given>, given: Partial<Host> = {}): Host & { entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  const entry = (route: Given): Route =>
    typeof route === "function"
      ? { handler: route, meta: { perm: 0 }, codec: numbered }
      : { codec: numbered, ...route };
  return {
    entries,
    routes: new Map(Object.entries(routes).map(([name, route]) => [name, entry(route)])),
    accepts: new Map(Object.keys(routes).map((name) => [name, new Set(["sha256:now", "sha256:older"])])),
    contained: new Set(),
    sessions: { resolve: () => session },
    backend: new MemoryStorage({ tables: { things: JSON_TABLE, notes: { primaryKey: "_id", fields: {} } } }),
    auth: { setGroups: async () => {} },
    variables: new Map([["KEY", "value"]]),
    log: (logged) => entries.push(logged),
    base: "/rpc",
    deadlineMs: 1000,
    maxBytes: 1000,
    ...given,
  };
}

function callOf(route: string, given: Partial<Call> = {}): Call {
  return { route, payload: json([]), credential: null, method: "POST", headers: new Headers(), callId: "c1", ...given };
}

function json(args: unknown, abi?: string): Payload {
  return { form: "json", bytes: new TextEncoder().encode(JSON.stringify(args)), abi };
}

describe("a call is refused", () => {
  const guarded = (perm: number, ugroup?: string): Given => ({
    handler: () => "done",
    meta: ugroup === undefined ? { perm } : { perm, ugroup },
  });
  const refused = async (host: Host, route = "f"): Promise<unknown> => invoke(host, callOf(route)).catch((error: unknown) => error);

  test("where there is no such route, before anyone asks for the session", async () => {
    const host = makeHost({ f: () => 1 }, { sessions: { resolve: () => expect.unreachable() } });
    for (const name of ["g", "toString", "__proto__", ""]) expect(await refused(host, name)).toBeInstanceOf(NotFoundError);
    expect(String(await refused(host, "x".repeat(1000)))).toHaveLength("NotFoundError: Route  not found".length + 100);
  });

  test("without a session", async () => {
    const sessions = { resolve: () => Promise.reject(new UnauthorizedError()) };
    expect(await refused(makeHost({ f: guarded(0) }, { sessions }))).toBeInstanceOf(UnauthorizedError);
  });

  test("when the session lacks a bit of the route's mask", async () => {
    for (const perm of [1, 3, 5, 7]) expect(await refused(makeHost({ f: guarded(perm) }))).toBeInstanceOf(PermissionError);
    for (const perm of [0, 2, 4, 6]) expect(await refused(makeHost({ f: guarded(perm) }))).toBe("done");
  });

  test("when the session is not in the route's group", async () => {
    expect(await refused(makeHost({ f: guarded(0, "admin") }))).toBeInstanceOf(ForbiddenError);
    expect(await refused(makeHost({ f: guarded(0, "") }))).toBeInstanceOf(ForbiddenError);
    expect(await refused(makeHost({ f: guarded(0, "staff") }))).toBe("done");
  });
});

describe("what is looked at before the function runs", () => {
  const refuse = (): never => {
    throw new CodecError("args[0]", "expected string");
  };
  const codec = { ...numbered, readRequest: refuse, decodeRequest: refuse };
  const route = (perm: number): Given => ({ handler: () => expect.unreachable(), meta: { perm }, codec });
  const binary = (abi?: string): Payload => ({ form: "binary", bytes: new Uint8Array(), abi });

  test("is the permission, then the contract, then the arguments", async () => {
    const host = makeHost({ closed: route(1), open: route(2) });
    const refused = (name: string, payload: Payload): Promise<unknown> => invoke(host, callOf(name, { payload })).catch((error: unknown) => error);
    for (const payload of [json([1]), json([1], "sha256:now"), binary("sha256:older")]) {
      expect(await refused("closed", payload)).toBeInstanceOf(PermissionError);
      expect(await refused("open", payload)).toMatchObject({ status: 400, code: "INVALID_REQUEST", path: "args[0]", message: "args[0]: expected string" });
    }
    for (const payload of [json([1], "sha256:gone"), binary("sha256:gone")]) {
      expect(await refused("closed", payload)).toBeInstanceOf(PermissionError);
      expect(await refused("open", payload)).toMatchObject({ name: "StaleClientError", message: "This client was built for an older version of open" });
    }
    expect(await refused("open", binary())).toMatchObject({ status: 400, message: expect.stringMatching(/^x-kontract-abi/) });
  });
});

test("a result is written as part of its call", async () => {
  const host = makeHost({ f: () => ({ get owner() { return ctx.owner; } }) });
  host.routes = new Map([["f", { ...(host.routes.get("f") as Route), codec: dataCodec() }]]);
  const { body } = await invokeRoute(host, callOf("f"));
  expect(new TextDecoder().decode(body)).toBe('{"result":{"owner":"ada"}}');
});

describe("the context", () => {
  test("says who calls what", async () => {
    const headers = new Headers({ a: "1" });
    const host = makeHost({ f: { handler: (seen) => ({ ...seen }), meta: { perm: 2, egroup: "api" } } });
    const seen = (await invoke(host, callOf("f", { headers }))) as Context;
    expect(seen).toMatchObject({
      sid: "s1",
      owner: "ada",
      tenant: "main",
      currentTxid: 0n,
      perm: 2,
      method: "POST",
      path: "/rpc/f",
      headers,
      route: { name: "f", egroup: "api" },
      isAnonymous: false,
      ugroups: ["staff"],
      session: { id: "s1", perm: 6, expiresAt: new Date(1e12) },
      callId: "c1",
    });
    expect(seen.signal.aborted).toBe(false);
  });

  test("is the same by name, and cannot be changed", async () => {
    const host = makeHost({
      f: async (given) => {
        await null;
        expect(ctx.callId).toBe(given.callId);
        expect(ctx.session).toBe(given.session);
        expect("owner" in ctx).toBe(true);
        const writable = ctx as unknown as Record<string, unknown>;
        expect(() => (writable.owner = "eve")).toThrow("`ctx` cannot be changed");
        expect(() => delete writable.owner).toThrow(TypeError);
        expect(() => Object.defineProperty(ctx, "owner", { value: "eve" })).toThrow(TypeError);
        expect(() => Object.setPrototypeOf(ctx, null)).toThrow(TypeError);
        expect(() => ((given as unknown as Record<string, unknown>).owner = "eve")).toThrow(TypeError);
        expect(() => given.ugroups.push("admin")).toThrow(TypeError);
        given.session.expiresAt.setTime(0);
      },
    });
    await invoke(host, callOf("f"));
    expect(session.ugroups).toEqual(["staff"]);
    expect(session.expiresAt).toEqual(new Date(1e12));
  });

  test("follows each call through what it awaits", async () => {
    const host = makeHost({
      f: async () => {
        const before = ctx.callId;
        await new Promise((resolve) => setTimeout(resolve, 5));
        return [before, ctx.callId];
      },
    });
    const ids = Array.from({ length: 20 }, (_, index) => `call ${index}`);
    const seen = await Promise.all(ids.map((callId) => invoke(host, callOf("f", { callId }))));
    expect(seen).toEqual(ids.map((id) => [id, id]));
  });

  test("knows the transaction that storage has shown", async () => {
    const host = makeHost({
      f: async () => {
        const before = ctx.currentTxid;
        await env.storage.things?.get("1");
        const seen = ctx.currentTxid;
        await env.storage.things?.set("1", {});
        return [before, seen];
      },
    });
    expect(await invoke(host, callOf("f"))).toEqual([0n, 0n]);
    expect(await invoke(host, callOf("f"))).toEqual([0n, 1n]);
  });

  test("outside a call says so", () => {
    expect(() => ctx.owner).toThrow("`ctx` is only available while a backend function is being called");
    expect(() => env.storage).toThrow("`env` is only available while a backend function is being called");
    expect(String(Object.prototype.toString.call(ctx))).toBe("[object Object]");
  });
});

describe("env", () => {
  test("offers storage, shared state, accounts and the listed variables", async () => {
    const host = makeHost({
      f: async () => {
        await env.shared.set("a", 1);
        await env.auth.setGroups("x", []);
        return [await env.shared.get("a"), env.KEY];
      },
    });
    expect(await invoke(host, callOf("f"))).toEqual([1, "value"]);
  });

  test.each([
    ["OTHER", "env.OTHER is not among the environment variables that the server was given"],
    ["trxs", "env.trxs is not among"],
    ["events", "env.events is not available in this version"],
    ["variables", "env.variables is not among"],
  ])("does not offer %s", async (name, message) => {
    const host = makeHost({ f: () => (env as unknown as Record<string, unknown>)[name] });
    await expect(invoke(host, callOf("f"))).rejects.toThrow(message);
  });

  test("checks storage against the session's permission, not the route's", async () => {
    const host = makeHost({ f: { handler: () => env.storage.things?.delete("1"), meta: { perm: 0 } } });
    await expect(invoke(host, callOf("f"))).rejects.toThrow("Cannot delete table things");
  });

  test("a table that is kept serves no other call", async () => {
    let kept: UntypedTable | undefined;
    const host = makeHost({
      keep: () => void (kept = env.storage.things),
      use: () => kept?.get("1"),
    });
    await invoke(host, callOf("keep"));
    await expect(invoke(host, callOf("use"))).rejects.toThrow("A table belongs to the call that took it");
    await expect((kept as UntypedTable).get("1")).rejects.toThrow("only available while a backend function");
  });
});

describe("env.afterCommit", () => {
  test("runs in order once the call has succeeded, and its failure is logged", async () => {
    const ran: string[] = [];
    const kept: Promise<unknown>[] = [];
    const error = new Error("after");
    const host = makeHost(
      {
        f: () => {
          env.afterCommit(async () => void ran.push(`1 ${ctx.callId}`));
          env.afterCommit(() => Promise.reject(error));
          env.afterCommit(() => void ran.push("3"));
          return ran.length;
        },
        fail: () => {
          env.afterCommit(() => void ran.push("never"));
          throw new Error("failed");
        },
        late: (seen) => {
          seen.waitUntil(new Promise((resolve) => setTimeout(resolve, 5)).then(() => env.afterCommit(() => {})));
          expect(() => env.afterCommit(1 as never)).toThrow(TypeError);
        },
      },
      { keepAlive: (work) => kept.push(work) },
    );
    expect(await invoke(host, callOf("f"))).toBe(0);
    await expect(invoke(host, callOf("fail"))).rejects.toThrow("failed");
    await invoke(host, callOf("late"));
    await Promise.all(kept);
    expect(ran).toEqual(["1 c1", "3"]);
    expect(host.entries).toMatchObject([
      { message: "env.afterCommit failed", error },
      { message: "waitUntil failed", error: { message: "The call has ended: env.afterCommit belongs before its end" } },
    ]);
  });

  test("forgets what a transaction that failed has given it", async () => {
    const ran: string[] = [];
    const host = makeHost({
      f: async () => {
        env.afterCommit(() => void ran.push("before"));
        const failing = env.storage.transaction(() => {
          env.afterCommit(() => void ran.push("within"));
          throw new Error("no");
        });
        await expect(failing).rejects.toThrow("no");
        expect(await env.storage.transaction(async () => "done")).toBe("done");
      },
    });
    await invoke(host, callOf("f"));
    await new Promise((resolve) => setTimeout(resolve));
    expect(ran).toEqual(["before"]);
  });
});

test("functions that call each other share the call and its storage", async () => {
  const save = async (text: string): Promise<void> => {
    await env.storage.notes?.set(text, { text, by: ctx.owner });
  };
  const host = makeHost({
    save: (_, args) => save(args[0] as string),
    both: async () => {
      await save("a");
      await save("b");
      const notes: string[] = [];
      const table: TableProxy<{ _id: string; by: string }> = env.storage.get("notes");
      for await (const note of table) notes.push(`${note._id} by ${note.by}`);
      return notes;
    },
  });
  expect(await invoke(host, callOf("both"))).toEqual(["a by ada", "b by ada"]);
});

describe("time", () => {
  const hang = (seen: Context): Promise<unknown> =>
    new Promise((_, reject) => {
      if (seen.signal.aborted) reject(seen.signal.reason as Error);
      seen.signal.addEventListener("abort", () => reject(new Error(`gave up ${ctx.callId}`)));
    });

  test("that runs out is TIMEOUT, whatever the function says later", async () => {
    const host = makeHost({ f: hang }, { deadlineMs: 20 });
    await expect(invoke(host, callOf("f"))).rejects.toMatchObject({ code: "TIMEOUT", status: 504 });
  });

  test("ends when the caller has gone", async () => {
    const host = makeHost({ f: hang });
    const controller = new AbortController();
    const running = invoke(host, callOf("f", { signal: controller.signal }));
    await Promise.resolve();
    setTimeout(() => controller.abort(), 5);
    await expect(running).rejects.toThrow("gave up c1");
    await expect(invoke(host, callOf("f", { signal: AbortSignal.abort() }))).rejects.toMatchObject({ name: "AbortError" });
  });
});

test("work that outlives the answer is told to the host, and its failure logged", async () => {
  const kept: Promise<unknown>[] = [];
  const error = new Error("later");
  const host = makeHost(
    { f: (seen) => (seen.waitUntil(Promise.reject(error)), seen.waitUntil(Promise.resolve()), "now") },
    { keepAlive: (work) => kept.push(work) },
  );
  expect(await invoke(host, callOf("f"))).toBe("now");
  expect(kept).toHaveLength(2);
  await Promise.all(kept);
  expect(host.entries).toEqual([{ level: "error", message: "waitUntil failed", callId: "c1", route: "f", error }]);
  const alone = makeHost({ f: (seen) => seen.waitUntil(Promise.reject(error)) });
  await invoke(alone, callOf("f"));
  await new Promise((resolve) => setTimeout(resolve));
  expect(alone.entries).toHaveLength(1);
});
