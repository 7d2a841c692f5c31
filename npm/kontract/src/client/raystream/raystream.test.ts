import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { startServer, type TestServer, traces, until } from "../../testing/host.js";
import { base64url, key, RAYSTREAM, streamOf, stubOf, webSocket, wireOf } from "../../testing/raystream.js";
import {
  auth,
  configure,
  disconnect,
  ForbiddenError,
  NotFoundError,
  PermissionError,
  StaleClientError,
  UnauthorizedError,
  __kontract_raystream,
  __kontract_rpc,
  type WebSocketClass,
} from "../index.js";

const NOTHING = { baseUrl: undefined, token: null, fetch: undefined, transport: undefined, headers: undefined, timeout: undefined, webSocket };
let server: TestServer;
let stub: ReturnType<typeof stubOf>;
/** Bodies that were sent by POST. */
let posts: Uint8Array[];

beforeEach(async () => {
  server = await startServer({ raystream: RAYSTREAM, env: ["GREETING"] });
  posts = [];
  const spy: typeof fetch = (input, init) => {
    if (init?.body instanceof Uint8Array) posts.push(init.body.slice());
    return fetch(input, init);
  };
  configure({ ...NOTHING, baseUrl: server.url, fetch: spy });
  stub = stubOf(await wireOf(key(1)));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await disconnect();
  configure(NOTHING);
  await server.close();
});

describe.each(["post", "stream"] as const)("by %s", (transport) => {
  beforeEach(() => configure({ transport }));

  test("a call returns what the function does", async () => {
    const args = ["Grüße 🎉", -0, Number.NaN, null, { a: [true] }];
    expect(await stub("echo", args)).toStrictEqual(args);
    expect(await stub("nothing")).toBeUndefined();
    expect(await stub("big", [300_000])).toBe("x".repeat(300_000));
    expect(await stub("respond", [201, { "x-made": "here" }, { id: 1 }])).toEqual({ id: 1 });
    expect(await stub("respond", [404, {}, "still a result"])).toBe("still a result");
    expect(await stub("respond", [204])).toBeNull();
    expect(await stub("redirect", [`${server.url}/health`])).toBeNull();
  });

  test("errors have the class they were thrown with", async () => {
    await expect(stub("missing")).rejects.toBeInstanceOf(NotFoundError);
    await expect(stub("nowhere")).rejects.toThrow("Route nowhere not found");
    await expect(stub("guarded")).rejects.toBeInstanceOf(ForbiddenError);
    await expect(stub("addNote", ["1", {}])).rejects.toBeInstanceOf(PermissionError);
    await expect(stub("greet", ["a", "b"])).rejects.toMatchObject({ status: 400, code: "INVALID_REQUEST", path: "args" });
    await expect(stub("failFor", [422, "INVALID_REQUEST"])).rejects.toMatchObject({ status: 422, code: "INVALID_REQUEST" });
    await expect(stub("fail")).rejects.toMatchObject({ status: 500, code: "INTERNAL_ERROR" });
    await expect(stub("echo", [{ at: [new Date()] }])).rejects.toMatchObject({ status: 400, path: "args[0].at[0]" });
  });

  test("a call carries its session's token, its contract and its id", async () => {
    const { owner } = await auth.register({ email: "ada@example.com", password: "correct horse" });
    const who = (await stub("whoami")) as { owner: string; callId: string; path: string; method: string };
    expect(who).toMatchObject({ owner, method: "POST", path: "/rpc/whoami" });
    expect(who.callId).toMatch(/^[0-9a-f]{32}$/);
    expect(await stub("addNote", ["1", { text: "hi" }])).toEqual([{ id: "1", text: "hi" }]);
    const stale = { abi: "sha256:unknown", encode: () => new Uint8Array(), decode: () => null, wire: await wireOf(key(1)) };
    await expect(__kontract_rpc("greet", [], stale)).rejects.toBeInstanceOf(StaleClientError);
    configure({ token: "wrong" });
    await expect(stub("whoami")).rejects.toBeInstanceOf(UnauthorizedError);
    configure({ token: "not a token" });
    await expect(stub("whoami")).rejects.toBeInstanceOf(UnauthorizedError);
  });

  test("nothing that is said is in what is sent", async () => {
    const sent: Uint8Array[] = [];
    const Spy = class extends WebSocket {
      override send(data: Uint8Array): void {
        sent.push(data);
        super.send(data);
      }
    };
    configure({ token: "the-token-of-ada", webSocket: Spy as unknown as WebSocketClass });
    await stub("greet", ["Ada Lovelace"]).catch(() => {});
    const bytes = Buffer.concat([...sent, ...posts]).toString("latin1");
    expect(bytes.length).toBeGreaterThan(300);
    for (const word of ["greet", "Ada", "the-token", "Bearer", "sha256"]) expect(bytes).not.toContain(word);
  });

  test("who gives up gets his own reason, and the function is told", async () => {
    const { running, aborted } = await traces();
    const [began, ended] = [running.length, aborted.length];
    const controller = new AbortController();
    const call = stub("hang", [], { signal: controller.signal });
    call.catch(() => {});
    await until(() => running.length > began);
    controller.abort(new Error("changed my mind"));
    await expect(call).rejects.toThrow("changed my mind");
    await until(() => aborted.length > ended);
    expect(aborted.at(-1)).toBe(running.at(-1));
    await expect(stub("hang", [], { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    expect(server.entries.filter(({ level }) => level === "error")).toEqual([]);
  });

  /** A server whose calls may take no longer. */
  const hurry = async (): Promise<void> => {
    await server.close();
    server = await startServer({ raystream: RAYSTREAM, limits: { deadlineMs: 200 } });
    configure({ baseUrl: server.url });
  };

  test("what takes too long is TIMEOUT, by the caller's limit or the server's", async () => {
    await hurry();
    await expect(stub("hang", [], { timeout: 30 })).rejects.toMatchObject({ status: 504, code: "TIMEOUT" });
    await expect(stub("lateWrite")).rejects.toMatchObject({ status: 504, code: "TIMEOUT" });
  });

  test("a call that only reads is made once more after it took too long", async () => {
    await hurry();
    const { running } = await traces();
    const before = running.length;
    await expect(stub("hang")).rejects.toMatchObject({ status: 504 });
    expect(running.slice(before)).toHaveLength(2);
    expect(new Set(running.slice(before)).size).toBe(1);
  });

  test("two hundred calls at once are all answered", async () => {
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    expect(await Promise.all(numbers.map((number) => stub("echo", [number])))).toEqual(numbers.map((number) => [number]));
  });

  test("the next key is tried where the server does not have the current one", async () => {
    const call = stubOf(await wireOf(key(7), key(1)));
    expect(await call("greet", ["Ada"])).toBe("Hello, Ada");
  });

  test("a server with none of the pinned keys is told nothing, and the call fails", async () => {
    const { running } = await traces();
    const before = running.length;
    const call = stubOf(await wireOf(key(7)));
    const error = await call("hang").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 503, code: "SERVICE_UNAVAILABLE", message: "The server cannot be reached" });
    expect(running.length).toBe(before);
  });

  test("a new server that does not know the channel gets a new handshake", async () => {
    expect(await stub("greet", ["Ada"])).toBe("Hello, Ada");
    const port = Number(new URL(server.url).port);
    await server.close();
    server = await startServer({ port, env: ["GREETING"], raystream: { ...RAYSTREAM, secret: `another ${RAYSTREAM.secret}` } });
    expect(await stub("greet", ["Ada"])).toBe("Hello, Ada");
  });

  test("a server without raystream is never called in the clear", async () => {
    const port = Number(new URL(server.url).port);
    await server.close();
    server = await startServer({ port });
    const known = transport === "post" ? { status: 503, message: /HTTP 404.*does it serve raystream/ } : { status: 503 };
    await expect(stub("greet", ["Ada"])).rejects.toMatchObject(known);
  });
});

describe("by POST", () => {
  beforeEach(() => configure({ transport: "post" }));

  test("calls of one microtask are one request, behind one handshake", async () => {
    expect(await Promise.all([stub("greet", ["a"]), stub("missing").catch(() => "missing"), stub("greet", ["b"])])).toEqual(["Hello, a", "missing", "Hello, b"]);
    expect(posts).toHaveLength(2);
    await stub("greet", ["c"]);
    expect(posts).toHaveLength(3);
    await Promise.all(Array.from({ length: 129 }, () => stub("nothing")));
    expect(posts).toHaveLength(5);
    await Promise.all([stub("echo", ["x".repeat(100_000)]), stub("echo", ["x".repeat(100_000)])]);
    expect(posts).toHaveLength(7);
  });

  test("one that gives up leaves the others of its request alone", async () => {
    const { running } = await traces();
    const before = running.length;
    const controller = new AbortController();
    const [first, second] = [stub("hang", [], { signal: controller.signal }), stub("greet", ["b"])];
    const rejected = expect(first).rejects.toThrow("no longer");
    await until(() => running.length > before);
    controller.abort(new Error("no longer"));
    await rejected;
    expect(await second).toBe("Hello, b");
  });

  test("is how programs without a page call", async () => {
    configure({ transport: undefined });
    expect(await stub("greet", ["Ada"])).toBe("Hello, Ada");
    expect(posts).toHaveLength(2);
  });

  test("an answer that was lost is asked for again with the same id, and nothing is done twice", async () => {
    const before = (await stub("Counter.next")) as number;
    let lost = 0;
    const losing: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (lost++ < 2) throw new TypeError("the connection was reset");
      return response;
    };
    configure({ fetch: losing });
    expect(await stub("Counter.next")).toBe(before + 1);
    expect(lost).toBe(3);
  });

  test("a call that is made again is that of who made it", async () => {
    const { owner } = await auth.register({ email: "ada@example.com", password: "correct horse" });
    const losing: typeof fetch = async (input, init) => {
      configure({ fetch, token: "another's" });
      await fetch(input, init);
      throw new TypeError("the connection was reset");
    };
    configure({ fetch: losing });
    expect(await stub("whoami")).toMatchObject({ owner });
  });

  test("what stays lost is told as such", async () => {
    await stub("greet", ["Ada"]);
    configure({ fetch: () => Promise.reject(new TypeError("reset")) });
    await expect(stub("Counter.next")).rejects.toMatchObject({ status: 503, code: "SERVICE_UNAVAILABLE", message: /not known/ });
  });

  test("what is answered in the clear is nobody's answer, and the call is made again", async () => {
    const statuses = [503, 401];
    const between: typeof fetch = async (input, init) => {
      const status = statuses.shift();
      if (status === undefined) return fetch(input, init);
      return Response.json({ error: { code: "UNAUTHORIZED", message: "says the one between", status } }, { status });
    };
    configure({ fetch: between });
    expect(await stub("greet", ["Ada"])).toBe("Hello, Ada");
    statuses.push(...Array.from({ length: 10 }, () => 403));
    const error = await stub("greet", ["Ada"]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 503, code: "SERVICE_UNAVAILABLE", message: /HTTP 403 without encryption.*origin/ });
    expect(statuses).toHaveLength(6);
  });

  test("a function's own 503 is an answer", async () => {
    await stub("greet", ["Ada"]);
    posts.length = 0;
    for (const code of ["BUSY", "NOT_TAKEN"]) {
      const told = code === "BUSY" ? code : "SERVICE_UNAVAILABLE";
      await expect(stub("failFor", [503, code])).rejects.toMatchObject({ status: 503, code: told, message: "told to fail" });
    }
    expect(posts).toHaveLength(2);
  });

  test("a ticket whose time is over is not shown", async () => {
    await server.close();
    server = await startServer({ env: ["GREETING"], raystream: { ...RAYSTREAM, sessionIdleMs: 1 } });
    configure({ baseUrl: server.url });
    await stub("greet", ["a"]).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 2));
    posts.length = 0;
    await stub("greet", ["b"]).catch(() => {});
    expect(posts[0]?.slice(0, 2)).toEqual(Uint8Array.of(1, 1));
  });
});

describe("over a WebSocket", () => {
  /** The sockets that were opened. */
  let sockets: WebSocket[];
  beforeEach(() => {
    sockets = [];
    const Spy = class extends WebSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    };
    configure({ transport: "stream", webSocket: Spy as unknown as WebSocketClass });
  });

  test("all calls share one", async () => {
    await Promise.all([stub("greet", ["a"]), stub("greet", ["b"])]);
    await stub("greet", ["c"]);
    expect(sockets).toHaveLength(1);
    expect(posts).toEqual([]);
  });

  test("a connection that is cut is opened again, and its calls are made again with their ids", async () => {
    const before = (await stub("Counter.next")) as number;
    const socket = sockets[0] as WebSocket;
    // The answer to the next call gets lost.
    socket.onmessage = () => socket.terminate();
    expect(await stub("Counter.next")).toBe(before + 1);
    expect(sockets).toHaveLength(2);
    expect(await stub("Counter.next")).toBe(before + 2);
  });

  test("disconnecting ends calls under way, and the next call connects anew", async () => {
    const { running } = await traces();
    const before = running.length;
    const hanging = stub("hang");
    hanging.catch(() => {});
    await until(() => running.length > before);
    await disconnect();
    expect(await stub("greet", ["a"])).toBe("Hello, a");
    expect(sockets).toHaveLength(2);
    expect(running).toHaveLength(before + 1);
    await expect(hanging).rejects.toMatchObject({ status: 503, message: /not known/ });
  });

  test("a server that closes says so, and a call made then goes to its successor", async () => {
    await stub("greet", ["a"]);
    const port = Number(new URL(server.url).port);
    await server.close();
    server = await startServer({ port, env: ["GREETING"], raystream: RAYSTREAM });
    expect(await stub("greet", ["b"])).toBe("Hello, b");
    expect(sockets).toHaveLength(2);
  });

  test("each login has its own, which carries the cookies of its time", async () => {
    let cookie = "";
    const Browser = class extends WebSocket {
      constructor(url: string) {
        super(url, { headers: { cookie } });
        sockets.push(this);
      }
    };
    configure({ webSocket: Browser as unknown as WebSocketClass });
    expect(await stub("whoami")).toMatchObject({ isAnonymous: true });
    const { owner, token } = await auth.register({ email: "ada@example.com", password: "correct horse" });
    expect(await Promise.all([stub("whoami"), stub("whoami")])).toMatchObject([{ owner }, { owner }]);
    expect(sockets).toHaveLength(2);
    cookie = `__Host-kontract=${token}`;
    configure({ token: null });
    expect(await stub("whoami")).toMatchObject({ owner });
    expect(sockets).toHaveLength(3);
    configure({ token });
    await auth.logout();
    await expect(stub("whoami")).rejects.toBeInstanceOf(UnauthorizedError);
    cookie = "";
    await disconnect();
    expect(await stub("whoami")).toMatchObject({ isAnonymous: true });
  });

  test("a login opens another, and what is under way gets its answer", async () => {
    const { running, aborted } = await traces();
    const [began, ended] = [running.length, aborted.length];
    const controller = new AbortController();
    const hanging = stub("hang", [], { signal: controller.signal });
    await until(() => running.length > began);
    await auth.register({ email: "ada@example.com", password: "correct horse" });
    expect(await stub("greet", ["a"])).toBe("Hello, a");
    expect(sockets.map(({ readyState }) => readyState)).toEqual([WebSocket.OPEN, WebSocket.OPEN]);
    controller.abort();
    await expect(hanging).rejects.toMatchObject({ name: "AbortError" });
    await until(() => aborted.length > ended && sockets[0]?.readyState === WebSocket.CLOSED);
  });

  test("a program without one says what to do", async () => {
    configure({ webSocket: undefined });
    const scope = globalThis as { WebSocket?: unknown };
    const own = scope.WebSocket;
    delete scope.WebSocket;
    try {
      await expect(stub("greet", ["a"])).rejects.toThrow("configure({ webSocket })");
    } finally {
      if (own !== undefined) scope.WebSocket = own;
    }
  });

  test("is how pages call, unless their network lets none through", async () => {
    const scope = globalThis as { document?: unknown };
    scope.document = new EventTarget();
    try {
      configure({ transport: undefined });
      expect(await stub("greet", ["a"])).toBe("Hello, a");
      expect([sockets.length, posts.length]).toEqual([1, 0]);
      const Closed = class extends WebSocket {
        constructor() {
          super("ws://127.0.0.1:1/");
        }
      };
      configure({ webSocket: Closed as unknown as WebSocketClass });
      const elsewhere = stubOf(await wireOf(key(1)));
      expect(await elsewhere("greet", ["b"])).toBe("Hello, b");
      expect(posts).toHaveLength(2);
    } finally {
      delete scope.document;
    }
  });
});

describe("a result that is streamed", () => {
  const take = async (items: AsyncIterable<unknown>, most = Number.POSITIVE_INFINITY): Promise<unknown[]> => {
    const taken: unknown[] = [];
    for await (const item of items) if (taken.push(item) === most) break;
    return taken;
  };

  test("comes item by item, as fast as it is taken", async () => {
    const stream = streamOf(await wireOf(key(1)));
    expect(await take(stream("numbers", [100]))).toEqual(Array.from({ length: 100 }, (_, index) => index));
    await expect(take(stream("numbers", [1001]))).rejects.toBeInstanceOf(NotFoundError);
    await expect(stream("numbers", []).next()).resolves.toMatchObject({ done: true });
    await expect(stream("nowhere").next()).rejects.toBeInstanceOf(NotFoundError);
  });

  test("ends on the server when its reader has had enough", async () => {
    const { finished } = await traces();
    const before = finished.length;
    const stream = streamOf(await wireOf(key(1)));
    expect(await take(stream("numbers", [1000]), 3)).toEqual([0, 1, 2]);
    await until(() => finished.length > before);
  });
});

describe("what the build says", () => {
  test("a transport that needs a key says so where none is pinned", async () => {
    configure({ transport: "post" });
    await expect(__kontract_rpc("greet", [], {})).rejects.toThrow("kontract keys generate");
  });

  test("unreadable pins are refused", async () => {
    const pins = [{ id: "00000000", key: "AAAA" }];
    for (const pinned of [{ schema: "sha256:00", pins }, { schema: `sha256:${"00".repeat(32)}`, pins }, { schema: `sha256:${"00".repeat(32)}`, pins: [] }]) {
      await expect(stubOf(__kontract_raystream(pinned))("greet")).rejects.toThrow("pinned keys cannot be read");
    }
  });

  test("calls in the clear stay possible", async () => {
    configure({ transport: "http" });
    expect(await stub("greet", ["Ada"])).toBe("Hello, Ada");
    expect(() => configure({ transport: "carrier pigeon" as never })).toThrow("transport must be");
  });

  test("a stub without a codec is an old one", async () => {
    configure({ transport: "post" });
    await expect(__kontract_rpc("greet", [], { wire: await wireOf(key(1)) })).rejects.toThrow("kontract build");
  });
});

test("servers that share a secret answer one client's calls in turn", async () => {
  const other = await startServer({ env: ["GREETING"], raystream: { ...RAYSTREAM, staticKey: `${base64url(key(1))},${base64url(key(5))}` } });
  let turn = 0;
  const urls = [server.url, other.url];
  const proxy = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = `${urls[turn++ % 2]}${request.url}`;
    const answer = await fetch(url, { method: "POST", headers: { "content-type": request.headers["content-type"] ?? "" }, body: Buffer.concat(chunks) });
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  configure({ transport: "post", baseUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
  try {
    for (const name of ["a", "b", "c", "d"]) expect(await stub("greet", [name])).toBe(`Hello, ${name}`);
    expect(turn).toBe(5);
    expect(posts).toHaveLength(5);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
    await other.close();
  }
});
