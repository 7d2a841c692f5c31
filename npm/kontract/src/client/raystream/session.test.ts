import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Place } from "../../testing/paired-socket.js";
import { key, stubOf, wireOf } from "../../testing/raystream.js";
import { configure, disconnect, type WebSocketLike } from "../index.js";

let place: Place;
let stub: ReturnType<typeof stubOf>;
const page = globalThis as unknown as { document?: EventTarget & { visibilityState?: string } };
const window = new EventTarget();

beforeEach(async () => {
  place = await Place.make();
  stub = stubOf(await wireOf(key(1)));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  vi.stubGlobal("document", Object.assign(new EventTarget(), { visibilityState: "visible" }));
  vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
  vi.stubGlobal("removeEventListener", window.removeEventListener.bind(window));
  configure({ baseUrl: "http://place", transport: "stream", webSocket: place.WebSocket, token: null });
});
afterEach(async () => {
  await disconnect();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  configure({ baseUrl: undefined, transport: undefined, webSocket: undefined });
});

/** Lets what is under way happen, without a moment going by. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** So much time goes by. */
async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
  await settle();
}

/** A call that waits for its answer. */
async function hang(): Promise<{ call: Promise<unknown> }> {
  place.holding = true;
  const call = stub("hold", [], { timeout: 10 * 60_000 });
  call.catch(() => {});
  await settle();
  place.holding = false;
  expect(place.calls.at(-1)?.call.method).toBe("hold");
  return { call };
}

const lastId = (): string => Buffer.from(place.calls.at(-1)?.call.id ?? []).toString("hex");

test("heartbeats keep a session, and after fifty minutes the next one is resumed", async () => {
  expect(await stub("a")).toBe("a");
  const [first] = place.sockets;
  const before = first?.sent ?? 0;
  for (let minutes = 0; minutes < 49; minutes += 1) await pass(60_000);
  expect((first?.sent ?? 0) - before).toBeGreaterThanOrEqual(44);
  expect(await stub("b")).toBe("b");
  expect(place.sockets).toHaveLength(1);
  for (let minutes = 0; minutes < 2; minutes += 1) await pass(60_000);
  expect(await stub("c")).toBe("c");
  await settle();
  expect(place.sockets).toHaveLength(2);
  expect(place.sockets.map(({ isOpen }) => isOpen)).toEqual([false, true]);
});

test("a session whose time has come lets its calls end first", async () => {
  await stub("a");
  for (let minutes = 0; minutes < 49; minutes += 1) await pass(60_000);
  const { call } = await hang();
  for (let minutes = 0; minutes < 2; minutes += 1) await pass(60_000);
  expect(place.sockets.map(({ isOpen }) => isOpen)).toEqual([true]);
  await stub("b");
  expect(place.sockets.map(({ isOpen }) => isOpen)).toEqual([true, true]);
  await pass(10 * 60_000);
  await expect(call).rejects.toMatchObject({ code: "TIMEOUT" });
});

test("after two heartbeats without an answer the connection is given up, and its call is made again", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  await stub("a");
  const { call } = await hang();
  const id = lastId();
  place.silent = true;
  await pass(67_000);
  await pass(67_000);
  expect(warned).toHaveBeenCalledTimes(1);
  expect(place.sockets).toHaveLength(1);
  place.silent = false;
  await pass(67_000);
  await pass(1_000);
  expect(await call).toBe("hold");
  expect(place.sockets.map(({ isOpen }) => isOpen)).toEqual([false, true]);
  expect(lastId()).toBe(id);
});

test.each([
  ["is seen again", () => page.document?.dispatchEvent(new Event("visibilitychange"))],
  ["comes from the back-forward cache", () => window.dispatchEvent(new Event("pageshow"))],
  ["is back in the network", () => window.dispatchEvent(new Event("online"))],
])("a page that %s asks at once whether the server is there", async (_, wake) => {
  await stub("a");
  const [socket] = place.sockets;
  const before = socket?.sent ?? 0;
  wake();
  await settle();
  expect(socket?.sent).toBe(before + 1);
  await pass(6_000);
  expect(await stub("b")).toBe("b");
  expect(place.sockets).toHaveLength(1);

  const { call } = await hang();
  place.silent = true;
  wake();
  await pass(4_000);
  expect(place.sockets).toHaveLength(1);
  place.silent = false;
  await pass(1_500);
  expect(await call).toBe("hold");
  expect(place.sockets).toHaveLength(2);
});

test("a page that is hidden asks nothing", async () => {
  await stub("a");
  const before = place.sockets[0]?.sent;
  Object.assign(page.document ?? {}, { visibilityState: "hidden" });
  page.document?.dispatchEvent(new Event("visibilitychange"));
  await settle();
  expect(place.sockets[0]?.sent).toBe(before);
});

test("a call after a sleep asks whether the server is still there, and goes elsewhere when it is not", async () => {
  await stub("a");
  vi.setSystemTime(Date.now() + 8 * 60 * 60_000);
  place.silent = true;
  const call = stub("b");
  await settle();
  place.silent = false;
  await pass(6_000);
  expect(await call).toBe("b");
  expect(place.sockets.map(({ isOpen }) => isOpen)).toEqual([false, true]);
});

test("without a network calls wait, and go when it is back", async () => {
  const navigator = { onLine: false };
  vi.stubGlobal("navigator", navigator);
  const call = stub("a", [], { timeout: 60_000 });
  call.catch(() => {});
  await pass(20_000);
  expect(place.sockets).toEqual([]);
  navigator.onLine = true;
  window.dispatchEvent(new Event("online"));
  await settle();
  expect(await call).toBe("a");
  await disconnect();

  navigator.onLine = false;
  const late = expect(stub("b", [], { timeout: 1_000 })).rejects.toMatchObject({ code: "TIMEOUT" });
  await pass(1_500);
  await late;
});

test("where nobody opens, it is tried ever less often, and the call fails after its fourth attempt", async () => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  place.closed = true;
  const failed = expect(stub("a")).rejects.toMatchObject({ status: 503, message: "The server cannot be reached" });
  await settle();
  expect(place.sockets).toHaveLength(1);
  await pass(100);
  expect(place.sockets).toHaveLength(2);
  await pass(150);
  expect(place.sockets).toHaveLength(2);
  await pass(50);
  expect(place.sockets).toHaveLength(3);
  await pass(400);
  expect(place.sockets).toHaveLength(4);
  await failed;
  place.closed = false;
  const next = stub("b");
  await pass(700);
  expect(place.sockets).toHaveLength(4);
  await pass(200);
  expect(await next).toBe("b");
});

test("a WebSocket that never opens is given up", async () => {
  const never = class {
    binaryType = "";
    onopen = null;
    onmessage = null;
    onclose = null;
    onerror = null;
    send(): void {}
    close(): void {}
  };
  configure({ webSocket: never });
  const call = stub("a", [], { timeout: 60_000 });
  await pass(9_000);
  configure({ webSocket: place.WebSocket });
  await pass(2_000);
  expect(await call).toBe("a");
});

test("what is no frame ends the connection", async () => {
  await stub("a");
  const { call } = await hang();
  place.sockets[0]?.say("text");
  await pass(1_000);
  expect(await call).toBe("hold");
  place.sockets[1]?.say(new Uint8Array(60).buffer);
  await settle();
  expect(await stub("b")).toBe("b");
  expect(place.sockets).toHaveLength(3);
});

test("a call that is given up while the connection is opened, or while it waits for room, is never made", async () => {
  const controller = new AbortController();
  const early = expect(stub("early", [], { signal: controller.signal })).rejects.toThrow("no longer");
  controller.abort(new Error("no longer"));
  await early;
  await settle();

  place.holding = true;
  const held = Array.from({ length: 128 }, () => stub("hold", [], { timeout: 60_000 }));
  for (const call of held) call.catch(() => {});
  await settle();
  const waiting = new AbortController();
  const late = expect(stub("late", [], { signal: waiting.signal })).rejects.toThrow("no room");
  await settle();
  waiting.abort(new Error("no room"));
  await late;
  expect(place.calls.map(({ call }) => call.method).filter((method) => method !== "hold")).toEqual([]);
  expect(place.calls).toHaveLength(128);
});

test("arguments that are longer than a message may be are refused here", async () => {
  await expect(stub("a", ["x".repeat(17 << 20)])).rejects.toMatchObject({ status: 413, code: "INVALID_REQUEST" });
});

/** Does something when the first WebSocket is open and the handshake not begun. */
function beforeHandshake(happens: (socket: WebSocketLike) => void): void {
  const Socket = place.WebSocket;
  configure({
    webSocket: class {
      constructor(url: string) {
        const socket = new Socket(url);
        if (place.sockets.length > 1) return socket;
        let listener: WebSocketLike["onclose"] = null;
        let listeners = 0;
        // The first listener is that of who opens, the second that of the session.
        const set = (given: WebSocketLike["onclose"]): void => {
          listener = given;
          listeners += 1;
          if (listeners === 2) queueMicrotask(() => happens(socket));
        };
        return Object.defineProperty(socket, "onclose", { set, get: () => listener });
      }
    } as never,
  });
}

test("a connection that ends before the handshake has begun is opened again at once", async () => {
  beforeHandshake((socket) => {
    // A browser's WebSocket that is closing says nothing when something is sent.
    socket.send = () => {};
    socket.onclose?.({} as never);
  });
  const call = stub("a");
  await settle();
  await pass(200);
  expect(place.sockets).toHaveLength(2);
  expect(await call).toBe("a");
});

test("disconnecting before the handshake has begun leaves nothing open", async () => {
  beforeHandshake(() => void disconnect());
  await expect(stub("a")).rejects.toMatchObject({ status: 503 });
  await settle();
  expect(place.sockets.map(({ isOpen }) => isOpen)).toEqual([false]);
});

test("a page's first call opens its WebSocket before the protocol has come", async () => {
  const call = stub("a");
  expect(place.sockets).toHaveLength(1);
  expect(await call).toBe("a");
  expect(place.sockets).toHaveLength(1);
});

test("a WebSocket that was opened before a login, or that is closed again before the protocol has come, is not used", async () => {
  const call = stub("a");
  configure({ token: "new" });
  expect(await call).toBe("a");
  expect(place.sockets.map(({ isOpen }) => isOpen)).toEqual([false, true]);

  const elsewhere = stubOf(await wireOf(key(1)));
  const given = new AbortController();
  const first = expect(elsewhere("b", [], { signal: given.signal })).rejects.toThrow("enough");
  given.abort(new Error("enough"));
  await first;
  await settle();
  expect(place.sockets).toHaveLength(3);
  place.sockets[2]?.onclose?.({} as never);
  expect(await elsewhere("b")).toBe("b");
  expect(place.sockets).toHaveLength(4);
});

test("disconnecting before the protocol has come ends the calls that wait for it", async () => {
  const call = expect(stub("a")).rejects.toMatchObject({ status: 503, message: "The server cannot be reached" });
  await disconnect();
  await call;
  await settle();
  expect(place.calls).toEqual([]);
  expect(place.sockets.map(({ isOpen }) => isOpen)).toEqual([false]);
  expect(await stub("b")).toBe("b");
});
