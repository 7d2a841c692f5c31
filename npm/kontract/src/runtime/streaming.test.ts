import { describe, expect, test, vi } from "vitest";
import { ConflictError, HttpError } from "../errors.js";
import { MemoryStorage } from "../memory/storage.js";
import { dataCodec, dataStub } from "../testing/codec.js";
import { JSON_TABLE } from "../testing/rows.js";
import type { UntypedTable } from "../types/storage.js";
import { ctx, env } from "./globals.js";
import { type Call, type Host, invoke } from "./invoke.js";
import type { RouteMeta } from "./routes.js";
import type { Deliver } from "./streaming.js";

const codec = dataCodec();

function hostOf(handler: () => unknown, meta: Partial<RouteMeta> = {}, given: Partial<Host> = {}): Host {
  return {
    routes: new Map([["f", { handler, meta: { perm: 0, streams: true, ...meta }, codec }]]),
    accepts: new Map([["f", new Set(["sha256:now"])]]),
    contained: new Set(),
    sessions: {
      resolve: () => ({ id: "s1", tenant: "main", owner: "ada", perm: 7, ugroups: [], isAnonymous: false, expiresAt: new Date(1e12) }),
    },
    backend: new MemoryStorage({ tables: { things: JSON_TABLE } }),
    auth: { setGroups: async () => {} },
    variables: new Map(),
    log: () => {},
    base: "/rpc",
    deadlineMs: 60_000,
    maxBytes: 1000,
    ...given,
  };
}

function callOf(deliver?: Deliver, given: Partial<Call> = {}): Call {
  const payload = { form: "binary" as const, bytes: dataStub.encode([]), abi: "sha256:now" };
  const call = { route: "f", payload, credential: null, method: "POST", headers: new Headers(), callId: "c1", ...given };
  return deliver === undefined ? call : { ...call, deliver };
}

/** Takes all items. */
function taking(): { items: unknown[]; deliver: Deliver } {
  const items: unknown[] = [];
  return { items, deliver: async (item) => void items.push(dataStub.decode(item)) };
}

const things = (): UntypedTable => (env.storage as unknown as { things: UntypedTable }).things;

test("items come in order, each when the one before was taken, with the call's context", async () => {
  let made = 0;
  const host = hostOf(async function* () {
    for (; made < 3; made += 1) yield `${ctx.owner} ${made}`;
  });
  const taken: unknown[] = [];
  const reply = await invoke(
    host,
    callOf(async (item) => {
      expect(made).toBe(taken.length);
      await new Promise((resolve) => setImmediate(resolve));
      taken.push(dataStub.decode(item));
    }),
  );
  expect(taken).toEqual(["ada 0", "ada 1", "ada 2"]);
  expect(reply).toMatchObject({ status: 200, body: undefined });
});

test("a promise of what gives the items will do, and whatever is async iterable", async () => {
  const { items, deliver } = taking();
  const source = { [Symbol.asyncIterator]: () => ({ n: 0, next() { return Promise.resolve({ done: this.n++ === 2, value: this.n }); } }) };
  await invoke(hostOf(async () => source), callOf(deliver));
  expect(items).toEqual([1, 2]);
});

describe("a stream fails", () => {
  test("where its caller can be sent no items, before the function runs", async () => {
    const refused = invoke(hostOf(() => expect.unreachable()), callOf());
    await expect(refused).rejects.toMatchObject({ status: 400, code: "INVALID_REQUEST", message: expect.stringContaining("raystream") });
  });

  test("with what its function throws, behind the items before", async () => {
    const { items, deliver } = taking();
    const host = hostOf(async function* () {
      yield 1;
      throw new HttpError("No more", 410, "GONE");
    });
    await expect(invoke(host, callOf(deliver))).rejects.toMatchObject({ code: "GONE" });
    expect(items).toEqual([1]);
  });

  test("with an item that does not match its type or is too large, and its function ends", async () => {
    for (const item of [Symbol("x"), "x".repeat(1000)]) {
      let ended = false;
      const host = hostOf(async function* () {
        try {
          yield item;
        } finally {
          await new Promise((resolve) => setImmediate(resolve));
          ended = true;
        }
      });
      await expect(invoke(host, callOf(taking().deliver))).rejects.toThrow(/does not match|larger than/);
      expect(ended).toBe(true);
    }
  });

  test("where the function returns no stream", async () => {
    for (const returned of [undefined, null, [1], "items"]) {
      await expect(invoke(hostOf(() => returned), callOf(taking().deliver))).rejects.toThrow("expected a stream of items");
    }
  });
});

test("a cancelled stream ends its function and writes nothing", async () => {
  const controller = new AbortController();
  const backend = new MemoryStorage({ tables: { things: JSON_TABLE } });
  const seen: string[] = [];
  const host = hostOf(
    async function* () {
      ctx.signal.addEventListener("abort", () => seen.push("aborted"));
      try {
        await things().set("a", { id: "a" });
        for (;;) yield 1;
      } finally {
        seen.push("ended");
      }
    },
    {},
    { backend },
  );
  const gone = new Error("gone");
  const deliver: Deliver = async () => {
    controller.abort(gone);
    throw gone;
  };
  await expect(invoke(host, callOf(deliver, { signal: controller.signal }))).rejects.toBe(gone);
  expect(seen).toEqual(["aborted", "ended"]);
  const rows = taking();
  await invoke(hostOf(async () => things().query(), {}, { backend }), callOf(rows.deliver));
  expect(rows.items).toEqual([]);
});

describe("a stream's transaction", () => {
  const writer = hostOf(async function* () {
    await things().set("a", { id: "a" });
    yield 1;
    await things().set("b", { id: "b" });
    yield 2;
  });

  test("is committed behind the last item", async () => {
    const during: number[] = [];
    const count = async (): Promise<number> => {
      const rows = taking();
      await invoke({ ...writer, ...hostOf(async () => things().query(), {}, { backend: writer.backend }) }, callOf(rows.deliver));
      return rows.items.length;
    };
    await invoke(writer, callOf(async () => void during.push(await count())));
    expect(during).toEqual([0, 0]);
    expect(await count()).toBe(2);
  });

  test("does not run again once items were sent, whatever the route allows", async () => {
    let runs = 0;
    const host = hostOf(
      async function* () {
        runs += 1;
        await things().get("n");
        yield runs;
        await things().set("n", { id: "n", runs });
      },
      { retry: true },
    );
    const write = hostOf(async function* () { await things().set("n", { id: "n" }); }, {}, { backend: host.backend });
    const items: unknown[] = [];
    const conflicting = invoke(host, callOf(async (item) => {
      items.push(dataStub.decode(item));
      await invoke(write, callOf(async () => {}));
    }));
    await expect(conflicting).rejects.toBeInstanceOf(ConflictError);
    expect([items, runs]).toEqual([[1], 1]);
  });
});

test("time passes between items, not while the reader takes none, and ends the stream", async () => {
  vi.useFakeTimers();
  try {
    let last = 50;
    const host = hostOf(
      async function* () {
        for (let i = 0; i < 4; i += 1) {
          await new Promise((resolve) => setTimeout(resolve, 90));
          yield i;
        }
        await new Promise((resolve) => setTimeout(resolve, last));
      },
      {},
      { deadlineMs: 100 },
    );
    const slow = (): Deliver => () => new Promise((resolve) => setTimeout(resolve, 5000));
    const served = invoke(host, callOf(slow()));
    await vi.advanceTimersByTimeAsync(30_000);
    await expect(served).resolves.toMatchObject({ status: 200 });
    last = 500;
    const late = invoke(host, callOf(slow())).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await late).toMatchObject({ code: "TIMEOUT", status: 504 });
    const forgotten = invoke(host, callOf(() => new Promise(() => {}))).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(await forgotten).toMatchObject({ code: "TIMEOUT", status: 504 });
  } finally {
    vi.useRealTimers();
  }
});
