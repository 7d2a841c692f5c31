import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Client, type ClientEvent, type Config, primitives } from "../../protocol/index.js";
import { PrivateKey } from "../../protocol/server.js";
import { dataStub } from "../../testing/codec.js";
import { startServer, type TestServer, traces, until } from "../../testing/host.js";
import { base64url, key, RAYSTREAM } from "../../testing/raystream.js";
import { now } from "./peer.js";

let server: TestServer;
let config: Config;
const raws: Raw[] = [];
beforeEach(async () => {
  server = await startServer({ raystream: RAYSTREAM, env: ["GREETING"], limits: { deadlineMs: 1500, inFlight: 3 } });
  const platform = await primitives();
  const pins = [(await PrivateKey.of(platform, key(1))).public];
  config = { primitives: platform, pins, offer: { ciphers: platform.ciphers, schema: new Uint8Array(32) } };
});
afterEach(async () => {
  for (const raw of raws.splice(0)) raw.socket.terminate();
  await server.close();
});

/** The protocol over a WebSocket, without what a real client does around it. */
class Raw {
  readonly socket: WebSocket;
  readonly events: ClientEvent[] = [];
  closed = false;
  /** What the server sends is not read. */
  deaf = false;
  client!: Client;
  #id = 0;

  constructor(headers: Record<string, string> = {}) {
    this.socket = new WebSocket(`${server.url.replace("http", "ws")}/raystream`, { headers });
    this.socket.on("message", (data: Buffer) => {
      if (!this.deaf) void this.client.handleFrame(new Uint8Array(data), now()).then(() => this.pump());
    });
    this.socket.on("close", () => {
      this.closed = true;
    });
    this.socket.on("error", () => {});
    raws.push(this);
  }

  async begin(): Promise<this> {
    await once(this.socket, "open");
    this.client = await Client.connect(config, now());
    this.pump();
    return this;
  }

  async open(): Promise<this> {
    await this.begin();
    await until(() => this.events.some(({ type }) => type === "Pass"));
    return this;
  }

  pump(): void {
    for (let frame = this.client.pollTransmit(); frame !== undefined; frame = this.client.pollTransmit()) this.socket.send(frame);
    for (let event = this.client.pollEvent(); event !== undefined; event = this.client.pollEvent()) this.events.push(event);
  }

  /** Lets the server send so many more items of a stream, and waits for them. */
  async take(number: number, count: number): Promise<void> {
    const arrived = (): number => this.events.filter((event) => event.type === "Item" && event.item.inReplyTo === number).length;
    const before = arrived();
    await this.client.credit(number, count, now());
    this.pump();
    await until(() => arrived() === before + count);
  }

  /** Makes a call and returns its number. */
  async call(method: string, args: unknown[] = [], metadata: [string, string][] = []): Promise<number> {
    this.#id += 1;
    const id = new Uint8Array(16).fill(this.#id);
    const known: [string, string][] = [["abi", `sha256:${method}`], ...metadata];
    const number = await this.client.call({ method, args: dataStub.encode(args), metadata: known, id }, now());
    this.pump();
    return number;
  }

  async answer(number: number): Promise<{ result?: unknown; code?: string; message?: string; status: number }> {
    const find = (): ClientEvent | undefined =>
      this.events.find((event) => (event.type === "Response" ? event.response.inReplyTo : event.type === "Failure" ? event.failure.inReplyTo : -1) === number);
    await until(() => find() !== undefined);
    const event = find();
    if (event?.type === "Response") {
      const { status, result } = event.response;
      return result.length === 0 ? { status } : { status, result: dataStub.decode(result) };
    }
    return (event as Extract<ClientEvent, { type: "Failure" }>).failure;
  }
}

describe("a call's metadata", () => {
  test("says what headers say over HTTP", async () => {
    const raw = await new Raw({ "x-app": "a", authorization: "Bearer secret" }).open();
    const { token, owner } = await server.register();
    expect((await raw.answer(await raw.call("headers", [], [["trace-id", "t-1"]]))).result).toEqual(expect.arrayContaining(["x-app", "x-trace-id"]));
    expect((await raw.answer(await raw.call("headers"))).result).not.toContain("authorization");
    expect((await raw.answer(await raw.call("whoami", [], [["authorization", `Bearer ${token}`]]))).result).toMatchObject({ owner });
    expect((await raw.answer(await raw.call("whoami"))).result).toMatchObject({ isAnonymous: true });
  });

  test("may come with the connection's cookie", async () => {
    const { token, owner } = await server.register();
    const raw = await new Raw({ cookie: `__Host-kontract=${token}` }).open();
    expect((await raw.answer(await raw.call("whoami"))).result).toMatchObject({ owner });
  });

  test.each([
    [["trace-id", "no spaces"], "trace-id: expected at most 128 letters, digits and . _ : -"],
    [["timeout", "soon"], "timeout: expected milliseconds"],
  ] as [[string, string], string][])("%o is refused", async (pair, message) => {
    const raw = await new Raw().open();
    expect(await raw.answer(await raw.call("nothing", [], [pair]))).toMatchObject({ status: 400, code: "INVALID_REQUEST", message });
  });

  test("shortens the deadline, and does not lengthen it", async () => {
    const raw = await new Raw().open();
    expect(await raw.answer(await raw.call("hang", [], [["timeout", "0"]]))).toMatchObject({ status: 504, code: "TIMEOUT" });
    expect(await raw.answer(await raw.call("hang", [], [["timeout", "99999999999999999999"]]))).toMatchObject({ status: 504 });
  });
});

describe("limits", () => {
  test("hold for each call", async () => {
    const raw = await new Raw().open();
    const { running } = await traces();
    const before = running.length;
    const held = await Promise.all([raw.call("hang"), raw.call("hang"), raw.call("hang")]);
    await until(() => running.length === before + 3);
    expect(await raw.answer(await raw.call("nothing"))).toMatchObject({ status: 503, code: "NOT_TAKEN" });
    for (const number of held) expect((await raw.answer(number)).status).toBe(504);
    expect((await raw.answer(await raw.call("nothing"))).status).toBe(200);
    expect(await raw.answer(await raw.call("echo", ["x".repeat(1 << 20)]))).toMatchObject({ status: 413 });
    expect(await raw.answer(await raw.call("big", [2 << 20]))).toMatchObject({ status: 500, code: "INTERNAL_ERROR" });
  });

  test("hold for headers, too", async () => {
    const raw = await new Raw().open();
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x-${index}`, "a"]));
    expect(await raw.answer(await raw.call("respond", [200, many, "data"]))).toMatchObject({ status: 500, code: "INTERNAL_ERROR" });
    expect(server.entries.at(-1)).toMatchObject({ level: "error" });
    expect((await raw.answer(await raw.call("nothing"))).status).toBe(200);
  });

  test("messages that do not end hold so many bytes", async () => {
    const half: Raw[] = [];
    const data = new Uint8Array(63 * (64 << 10));
    for (let count = 0; count < 17; count += 1) {
      const raw = await new Raw().open();
      half.push(raw);
      await raw.client.call({ method: "echo", args: data, metadata: [], id: new Uint8Array(16) }, now());
      for (let frames = 0; frames < 63; frames += 1) raw.socket.send(raw.client.pollTransmit() as Uint8Array);
    }
    await until(() => half[0]?.closed === true);
    expect(half.slice(1).filter(({ closed }) => closed)).toEqual([]);
    half[1]?.pump();
    await until(() => half[1]?.events.some(({ type }) => type === "Failure") === true);
  });

  test("streams whose reader takes nothing hold no call up, and share their places", async () => {
    const [raw, other] = [await new Raw().open(), await new Raw().open()];
    const [first, second] = [await raw.call("numbers", [100]), await raw.call("numbers", [100])];
    const [one, two, three] = [await raw.call("numbers", [100]), await raw.call("numbers", [100]), await raw.call("numbers", [100])];
    // Some may come as calls too many, before the others have been told that they are streams too many.
    for (const refused of [one, two, three]) expect(await raw.answer(refused)).toMatchObject({ status: 503 });
    for (let count = 0; count < 3; count += 1) expect((await raw.answer(await raw.call("nothing"))).status).toBe(200);
    const { token } = await server.register();
    const login: [string, string] = ["authorization", `Bearer ${token}`];
    const own = await other.call("numbers", [2], [login]);
    expect(await raw.answer(first)).toMatchObject({ status: 429, code: "RATE_LIMITED" });
    await other.take(own, 2);
    expect((await other.answer(own)).status).toBe(200);
    await raw.take(second, 100);
    expect((await raw.answer(second)).status).toBe(200);
  });

  test("hold for the streams of an address, which calls by POST then", async () => {
    await server.close();
    server = await startServer({ raystream: { ...RAYSTREAM, sessionsPerAddress: 1 } });
    const from = { "x-forwarded-for": "9.9.9.9" };
    await new Raw(from).open();
    const second = await new Raw(from).begin();
    await until(() => second.events.some(({ type }) => type === "Ended"));
    expect(server.entries.at(-1)?.message).toContain("TooManySessions");
    await new Raw({ "x-forwarded-for": "9.9.9.8" }).open();
    await Promise.all([new Raw().open(), new Raw().open()]);
  });

  test("the oldest of an address makes way when there are too many that only knock", async () => {
    const knocking: Raw[] = [];
    for (let count = 0; count < 33; count += 1) {
      const raw = new Raw();
      raw.deaf = true;
      knocking.push(await raw.begin());
      await once(raw.socket, "message");
    }
    await until(() => knocking[0]?.closed === true);
    expect(knocking.slice(1).filter(({ closed }) => closed)).toEqual([]);
  });
});

describe("a stream of items", () => {
  test("ends with the login that it was begun with", async () => {
    const { token, bearer } = await server.register();
    const [raw, other] = [await new Raw({ cookie: `__Host-kontract=${token}` }).open(), await server.register("eve@example.com")];
    const [own, others] = [await raw.call("numbers", [100]), await raw.call("numbers", [100], [["authorization", `Bearer ${other.token}`]])];
    await raw.take(own, 2);
    await raw.take(others, 2);
    await server.send("/auth/logout", { method: "POST", headers: bearer });
    await raw.client.credit(own, 2, now());
    raw.pump();
    expect(await raw.answer(own)).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
    await raw.take(others, 98);
    expect((await raw.answer(others)).status).toBe(200);
    // So does what comes with a cookie.
    expect(await raw.answer(await raw.call("whoami"))).toMatchObject({ status: 401 });
  });
});

describe("a connection", () => {
  test("that says what is no frame ends", async () => {
    const [text, garbage, long] = [await new Raw().open(), await new Raw().open(), await new Raw().open()];
    text.socket.send("text");
    garbage.socket.send(new Uint8Array(60));
    long.socket.send(new Uint8Array(1 << 20));
    await until(() => text.closed && garbage.closed && long.closed);
    expect(server.entries.some(({ message }) => /misbehaved|refused/.test(message))).toBe(true);
  });

  test("that is lost takes its calls along", async () => {
    const raw = await new Raw().open();
    const { running, aborted } = await traces();
    const [began, ended] = [running.length, aborted.length];
    await raw.call("hang");
    await until(() => running.length > began);
    raw.socket.terminate();
    await until(() => aborted.length > ended);
  });

  test("has nothing to subscribe to so far", async () => {
    const raw = await new Raw().open();
    const number = await raw.client.subscribe("users", 1, now());
    raw.pump();
    expect(await raw.answer(number)).toMatchObject({ status: 404, code: "NOT_FOUND" });
  });

  test("ends with its server, after its calls", async () => {
    const [busy, idle] = [await new Raw().open(), await new Raw().open()];
    const { running } = await traces();
    const before = running.length;
    const number = await busy.call("hang");
    await until(() => running.length > before);
    const closing = server.close();
    expect((await busy.answer(number)).status).toBe(504);
    await closing;
    for (const raw of [busy, idle]) {
      await until(() => raw.closed);
      expect(raw.events.at(-1)).toMatchObject({ type: "Ended", how: "ClosedByPeer" });
    }
  });

  test("is for pages of the server's own origin, or of those that are listed", async () => {
    await expect(new Raw({ origin: "https://evil.example" }).open()).rejects.toThrow("403");
    await new Raw({ origin: server.url }).open();
  });

  test("that is asked for elsewhere is refused", async () => {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/elsewhere`);
    const [error] = (await once(socket, "error")) as [Error];
    expect(error.message).toContain("404");
    const plain = connect(Number(new URL(server.url).port), "127.0.0.1");
    plain.write("GET /raystream HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    const [answer] = (await once(plain, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 400/);
    plain.destroy();
  });
});

describe("a POST", () => {
  const post = (body: Uint8Array, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${server.url}/raystream`, { method: "POST", body: body.slice(), headers: { "content-type": "application/octet-stream", ...headers } });

  test("that cannot be opened gets the one answer", async () => {
    for (const body of [new Uint8Array(), new Uint8Array(100), Uint8Array.of(1, 1, 0)]) {
      const answer = await post(body);
      expect(answer.status).toBe(200);
      expect((await answer.arrayBuffer()).byteLength).toBe(44);
    }
    const refused = server.entries.filter(({ message }) => message.startsWith("A client was refused"));
    expect(refused).toMatchObject([{ level: "info" }]);
  });

  test("needs its content type, its size and its origin", async () => {
    expect((await post(new Uint8Array(8), { "content-type": "text/plain" })).status).toBe(415);
    expect((await post(new Uint8Array(2 << 20))).status).toBe(413);
    expect((await post(new Uint8Array(8), { origin: "https://evil.example" })).status).toBe(403);
    expect((await fetch(`${server.url}/raystream`)).status).toBe(405);
  });
});

describe("the keys", () => {
  test.each([
    [{ staticKey: "short", secret: RAYSTREAM.secret }, "KONTRACT_STATIC_KEY holds no key"],
    [{ staticKey: `${base64url(key(1))},`, secret: RAYSTREAM.secret }, "KONTRACT_STATIC_KEY holds no key"],
    [{ staticKey: base64url(key(1)), secret: "short" }, "KONTRACT_STATIC_KEY needs KONTRACT_SECRET"],
    [{ ...RAYSTREAM, sessionIdleMs: 0 }, "sessionIdleMs"],
    [{ ...RAYSTREAM, sessionIdleMs: 3_600_001 }, "sessionIdleMs"],
    [{ ...RAYSTREAM, sessionsPerAddress: 0 }, "sessionsPerAddress"],
  ])("are checked: %o", async (raystream, message) => {
    await expect(startServer({ raystream })).rejects.toThrow(message);
  });

  test("come from the environment, unless the program wants none", async () => {
    process.env.KONTRACT_STATIC_KEY = RAYSTREAM.staticKey;
    process.env.KONTRACT_SECRET = RAYSTREAM.secret;
    try {
      const [open, closed] = [await startServer(), await startServer({ raystream: false })];
      const ask = async (url: string): Promise<number> => (await fetch(`${url}/raystream`, { method: "POST", headers: { "content-type": "application/octet-stream" } })).status;
      expect([await ask(open.url), await ask(closed.url)]).toEqual([200, 404]);
      await Promise.all([open.close(), closed.close()]);
    } finally {
      delete process.env.KONTRACT_STATIC_KEY;
      delete process.env.KONTRACT_SECRET;
    }
  });
});
