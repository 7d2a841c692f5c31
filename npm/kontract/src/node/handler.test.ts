import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { decodeFlex, encodeFlex } from "../codec/flexbuffers.js";
import { UnauthorizedError } from "../errors.js";
import type { Session } from "../runtime/session.js";
import { APPLICATION, startServer, type TestServer, traces, until } from "../testing/host.js";
import { createHandler } from "./handler.js";

let server: TestServer;
beforeAll(async () => {
  process.env.GREETING = "Good day";
  server = await startServer({
    env: ["GREETING", "UNSET_NAME"],
    base: "/api",
    limits: { deadlineMs: 1500, bodyKb: 8 },
  });
});
afterAll(async () => {
  await server.close();
});
afterEach(() => {
  server.entries.length = 0;
});

describe("calls", () => {
  test("are answered with the result as JSON that no cache keeps", async () => {
    const answer = await server.call("greet", ["Ada"]);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ result: "Good day, Ada" });
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("without a body have no arguments", async () => {
    expect((await server.send("/rpc/echo", { method: "POST" })).json).toEqual({ result: [] });
  });

  test("reach static and instance methods by their name", async () => {
    expect((await server.call("Counter.next")).json).toEqual({ result: 1 });
    expect((await server.call("Counter.next")).json).toEqual({ result: 2 });
  });

  test("answer under the base too, and the path is the same for both", async () => {
    const paths = await Promise.all(
      ["/rpc/wrapped", "/api/wrapped?x=1"].map((path) =>
        server.send(path, { method: "POST", headers: JSON_TYPE, body: '["Ada"]' }),
      ),
    );
    const expected = { result: { wrapped: "Good day, Ada", path: "/api/wrapped" } };
    expect(paths.map(({ json }) => json)).toEqual([expected, expected]);
  });

  test("whose middleware does not pass them on are refused", async () => {
    expect((await server.call("guarded")).json.error).toEqual({ code: "FORBIDDEN", message: "Forbidden", status: 403 });
  });

  test("see who calls, and the credentials not at all", async () => {
    const answer = await server.call("whoami", [], { "idempotency-key": "call-1" });
    expect(answer.json.result).toMatchObject({
      sid: "anonymous",
      owner: "anonymous",
      tenant: "main",
      perm: 4,
      method: "POST",
      path: "/api/whoami",
      route: { name: "whoami", egroup: "api-v1" },
      isAnonymous: true,
      ugroups: [],
      session: { id: "anonymous", perm: 4 },
      callId: "call-1",
    });
    expect(answer.headers.get("x-kontract-call-id")).toBe("call-1");
    const { bearer } = await server.register("headers@example.com");
    const seen = await server.call("headers", [], { ...bearer, cookie: "a=1; __Host-kontract=secret; b=2" });
    expect(seen.json.result).toContain("a=1; b=2");
    expect(seen.json.result).not.toContain("authorization");
    expect(seen.text).not.toContain("secret");
  });

  test("without a result answer an object without one", async () => {
    expect((await server.call("nothing")).text).toBe("{}");
  });

  test("read only the environment variables that were listed", async () => {
    expect((await server.call("variable", ["GREETING"])).json).toEqual({ result: "Good day" });
    expect((await server.call("variable", ["UNSET_NAME"])).json).toEqual({ result: null });
    for (const name of ["PATH", "events", "constructor", "__proto__x"]) {
      expect((await server.call("variable", [name])).status).toBe(500);
    }
    expect(String(server.entries[0]?.error)).toContain("env.PATH is not among the environment variables");
  });

  test("keep a route name with foreign characters apart from a path", async () => {
    expect((await server.call("gr%65et", ["Ada"])).status).toBe(200);
    for (const path of ["/rpc/", "/rpc/a/b", "/rpc/..%2fhealth", "/rpc/__proto__", "/nowhere", "/auth/constructor", "/auth/link"]) {
      expect((await server.send(path, { method: "POST" })).status, path).toBe(404);
    }
    expect((await server.call("%E0%A4%A")).status).toBe(400);
  });
});

describe("requests that are none", () => {
  const post = (body: string | Uint8Array, headers: Record<string, string> = JSON_TYPE) =>
    server.send("/rpc/echo", { method: "POST", headers, body });

  test.each([
    ["text that is no JSON", '{"password": "hunter2"', "body: expected JSON"],
    ["an object", "{}", "body: expected an array of arguments"],
    ["a number", "1", "body: expected an array of arguments"],
    ["null", "null", "body: expected an array of arguments"],
    ["bytes that are no UTF-8", new Uint8Array([0x22, 0xff, 0x22]), "body: expected JSON"],
    ["NUL in a string", '["a\\u0000"]', /^args\[0\]: expected string of well-formed Unicode/],
    ["NUL in a key", '[{"a\\u0000":1}]', /^args\[0\]: expected string of well-formed Unicode/],
    ["a prototype", '[{"a":{"__proto__":{"admin":true}}}]', "args[0].a.__proto__: a key that is not allowed"],
    ["a constructor's prototype", '[{"constructor":{"prototype":{}}}]', "args[0].constructor: a key that is not allowed"],
    ["nesting", `[${"[".repeat(100)}${"]".repeat(100)}]`, /nested deeper than 64 levels/],
    ["deep nesting", `[${"[".repeat(4000)}${"]".repeat(4000)}]`, /nested deeper than 64 levels/],
  ])("%s: 400", async (_, body, message) => {
    const { status, json, text } = await post(body as string | Uint8Array);
    expect(status).toBe(400);
    expect(json.error).toMatchObject({ code: "INVALID_REQUEST", status: 400 });
    expect(json.error?.message).toEqual(typeof message === "string" ? message : expect.stringMatching(message));
    expect(text).not.toContain("hunter2");
  });

  test("harmless keys that look alike pass", async () => {
    const body = '[{"constructor":"Ferrari","prototype":1,"toString":2,"hasOwnProperty":null}]';
    expect((await post(body)).json).toEqual({ result: JSON.parse(body) });
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/json; charset=utf-16"])(
    "the content type %s: 400",
    async (type) => {
      expect((await post("[]", { "content-type": type })).json.error?.message).toMatch(/content type application\/json/);
    },
  );

  test("a content type with its character set passes", async () => {
    expect((await post("[1]", { "content-type": "Application/JSON; charset=UTF-8" })).json).toEqual({ result: [1] });
  });

  test("a compressed body: 400", async () => {
    expect((await post("[]", { ...JSON_TYPE, "content-encoding": "gzip" })).status).toBe(400);
  });

  test("too many arguments: 400", async () => {
    const { json } = await server.call("greet", ["a", "b"]);
    expect(json.error).toEqual({ code: "INVALID_REQUEST", message: "args: expected at most 1", status: 400, path: "args" });
  });

  test("a body above the limit: 413, announced or not", async () => {
    const large = JSON.stringify(["x".repeat(9000)]);
    expect((await post(large)).status).toBe(413);
    const stream = new ReadableStream({
      start(controller) {
        for (let chunk = 0; chunk < 20; chunk += 1) controller.enqueue(new TextEncoder().encode("x".repeat(1000)));
        controller.close();
      },
    });
    const init = { method: "POST", headers: JSON_TYPE, body: stream, duplex: "half" } as RequestInit;
    expect((await server.send("/rpc/echo", init)).status).toBe(413);
  });

  test("a body that does not arrive: 408", async () => {
    const port = Number(new URL(server.url).port);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1", () =>
        socket.write("POST /rpc/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n["),
      );
      socket.once("data", (data) => {
        resolve(data.toString());
        socket.destroy();
      });
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 .*connection: close/is);
  });

  test("a body that breaks off is no call", async () => {
    const port = Number(new URL(server.url).port);
    const socket = connect(port, "127.0.0.1");
    socket.write("POST /rpc/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n[");
    await sleep(50);
    socket.destroy();
    await sleep(50);
    expect((await server.send("/health")).status).toBe(200);
    expect(server.entries).toEqual([]);
  });

  test.each([
    ["GET", "/rpc/greet", "POST"],
    ["PUT", "/rpc/greet", "POST"],
    ["GET", "/auth/login", "POST"],
    ["POST", "/auth/me", "GET, HEAD"],
    ["POST", "/health", "GET, HEAD"],
  ])("%s %s: 405", async (method, path, allow) => {
    const answer = await server.send(path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe(allow);
    expect(answer.json.error?.code).toBe("INVALID_REQUEST");
  });

  test.each(["a b", "x".repeat(129), "ä"])("the idempotency key %s: 400", async (key) => {
    const headers = { "idempotency-key": Buffer.from(key).toString("latin1") };
    expect((await server.call("greet", ["Ada"], headers)).status).toBe(400);
  });
});

describe("calls in bytes", () => {
  const bytes = (route: string, args: unknown[], headers: Record<string, string> = {}) =>
    fetch(`${server.url}/rpc/${route}`, {
      method: "POST",
      redirect: "manual",
      headers: { "content-type": "application/x-kontract", "x-kontract-abi": `sha256:${route}`, ...headers },
      body: encodeFlex(args, "args") as Uint8Array<ArrayBuffer>,
    });
  const resultOf = async (answer: Response): Promise<unknown> =>
    (decodeFlex(new Uint8Array(await answer.arrayBuffer()), "result") as unknown[])[0];

  test("are answered in bytes, whatever the caller accepts", async () => {
    const answer = await bytes("greet", ["Ada"], { accept: "application/json" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/x-kontract");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await resultOf(answer)).toBe("Good day, Ada");
    expect(await resultOf(await bytes("echo", [1, Number.NaN, { a: null }]))).toEqual([1, Number.NaN, { a: null }]);
    expect(await resultOf(await bytes("nothing", []))).toBeUndefined();
  });

  test("have status, headers and missing bodies as in JSON", async () => {
    const created = await bytes("respond", [201, { Location: "/1", "content-type": "application/json" }, { id: 1 }]);
    expect([created.status, created.headers.get("location"), created.headers.get("content-type")]).toEqual([201, "/1", "application/x-kontract"]);
    expect(await resultOf(created)).toEqual({ id: 1 });
    expect(await (await bytes("respond", [204])).text()).toBe("");
    expect((await bytes("redirect", ["/elsewhere"])).headers.get("location")).toBe("/elsewhere");
  });

  test.each([
    ["arguments of a wrong type", "greet", ["a", "b"], {}, 400, { code: "INVALID_REQUEST", path: "args" }],
    ["a contract that is not served", "greet", ["a"], { "x-kontract-abi": "sha256:gone" }, 409, { code: "STALE_CLIENT", message: "This client was built for an older version of greet" }],
    ["no contract", "greet", ["a"], { "x-kontract-abi": "" }, 409, { code: "STALE_CLIENT" }],
    ["no permission, before its arguments are read", "addNote", [1, 2, 3], {}, 403, { code: "PERMISSION_DENIED" }],
    ["an error of the function", "missing", [], {}, 404, { code: "NOT_FOUND", message: "Nothing here" }],
    ["a result that is too large", "big", [9000], {}, 500, { code: "INTERNAL_ERROR" }],
  ])("are refused in JSON: %s", async (_, route, args, headers, status, error) => {
    const answer = await bytes(route, args, headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(await answer.json()).toEqual({ error: expect.objectContaining({ status, ...error }) });
  });

  test("without the header or with bytes that are none: 400", async () => {
    const headers = { "content-type": "application/x-kontract" };
    const anonymous = await server.send("/rpc/echo", { method: "POST", headers, body: new Uint8Array([1]) });
    expect(anonymous.json.error).toMatchObject({ code: "INVALID_REQUEST", message: expect.stringMatching(/^x-kontract-abi: expected/) });
    const broken = await server.send("/rpc/echo", { method: "POST", headers: { ...headers, "x-kontract-abi": "sha256:echo" }, body: new Uint8Array([1]) });
    expect(broken.json.error).toMatchObject({ code: "INVALID_REQUEST", path: "args" });
  });

  test("may name an older contract, in JSON too", async () => {
    expect((await bytes("greet", ["Ada"], { "x-kontract-abi": "sha256:older" })).status).toBe(200);
    expect((await server.call("greet", ["Ada"], { "x-kontract-abi": "sha256:older" })).status).toBe(200);
    expect((await server.call("greet", ["Ada"], { "x-kontract-abi": "sha256:gone" })).json.error).toMatchObject({ code: "STALE_CLIENT", status: 409 });
  });

  test("are no logins", async () => {
    const headers = { "content-type": "application/x-kontract" };
    const login = await server.send("/auth/login", { method: "POST", headers, body: "{}" });
    expect(login.json.error).toMatchObject({ status: 400, message: "body: expected the content type application/json" });
  });
});

describe("errors", () => {
  test("of the application's own reach the caller", async () => {
    expect((await server.call("missing")).json).toEqual({
      error: { code: "NOT_FOUND", message: "Nothing here", status: 404 },
    });
    expect((await server.call("failFor", [422, "INVALID_REQUEST"])).json.error).toEqual({
      code: "INVALID_REQUEST",
      message: "told to fail",
      status: 422,
    });
  });

  test("of any other kind go to the log only, with the call id", async () => {
    const answer = await server.call("fail", [], { "idempotency-key": "call-2" });
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({
      error: {
        code: "INTERNAL_ERROR",
        message: "Internal error (details in the log, with the call id)",
        status: 500,
      },
    });
    expect(server.entries).toMatchObject([{ level: "error", callId: "call-2", route: "fail" }]);
    expect(String(server.entries[0]?.error)).toContain("hunter2");
  });

  test("with a status that is none are internal", async () => {
    for (const status of [200, 99, 600, 404.5, "404"]) {
      expect((await server.call("failFor", [status])).json.error?.code).toBe("INTERNAL_ERROR");
    }
  });

  test("of the service ask to come back", async () => {
    const answer = await server.call("failFor", [503]);
    expect(answer.json.error?.code).toBe("SERVICE_UNAVAILABLE");
    expect(answer.headers.get("retry-after")).toBe("1");
  });

  test("a result that is too large or of another type is internal, its place stands in the log", async () => {
    expect((await server.call("big", [9000])).status).toBe(500);
    server.entries.length = 0;
    const circular = await server.call("circular");
    expect(circular.json.error).toEqual({ code: "INTERNAL_ERROR", message: "Internal error (details in the log, with the call id)", status: 500 });
    expect(String(server.entries[0]?.error)).toMatch(/the result does not match its declared type: result\.self\.self.*nested deeper/);
    expect((await server.call("big", [8000])).status).toBe(200);
  });
});

describe("results with a status of their own", () => {
  test("apply status and headers", async () => {
    const answer = await server.call("respond", [201, { Location: "/1", "Set-Cookie": "a=1", "Cache-Control": "private" }, { id: 1 }]);
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({ result: { id: 1 } });
    expect(answer.headers.get("location")).toBe("/1");
    expect(answer.headers.get("set-cookie")).toBe("a=1");
    expect(answer.headers.get("cache-control")).toBe("private");
  });

  test("have no body with 204 and redirects", async () => {
    const none = await server.call("respond", [204]);
    expect([none.status, none.text]).toEqual([204, ""]);
    const redirect = await server.call("redirect", ["/elsewhere"]);
    expect([redirect.status, redirect.text, redirect.headers.get("location")]).toEqual([302, "", "/elsewhere"]);
  });

  test("may declare the JSON they are", async () => {
    expect((await server.call("respond", [200, { "content-type": "application/json" }])).status).toBe(200);
  });

  test.each([
    ["a line end in a value", { Location: "/\r\nSet-Cookie: admin=1" }],
    ["a line end in a name", { "a\r\nb": "1" }],
    ["a value that is no text", { a: ["1"] }],
    ["a page", { "Content-Type": "text/html" }],
    ["framing", { "Content-Length": "1" }],
    ["transfer coding", { "transfer-encoding": "chunked" }],
    ["who may read it", { "Access-Control-Allow-Origin": "*" }],
  ])("cannot say %s", async (_, headers) => {
    const answer = await server.call("respond", [200, headers]);
    expect(answer.status).toBe(500);
    expect(answer.headers.get("set-cookie")).toBeNull();
  });

  test("cannot have a status that is none", async () => {
    for (const status of [100, 199, 600, "200"]) {
      expect((await server.call("respond", [status])).status).toBe(500);
    }
  });

  test("cannot redirect into a header", async () => {
    expect((await server.call("redirect", ["/\r\nSet-Cookie: a=1"])).status).toBe(500);
  });
});

describe("time", () => {
  test("a call past its deadline is answered 504 and told so", async () => {
    const { aborted } = await traces();
    const answer = await server.call("hang", [], { "idempotency-key": "call-3" });
    expect(answer.json.error).toMatchObject({ code: "TIMEOUT", status: 504 });
    expect(aborted).toContain("call-3");
  });

  test("a call past its deadline writes nothing more", async () => {
    const { late } = await traces();
    expect((await server.call("lateWrite")).status).toBe(504);
    await sleep(20);
    expect(late).toEqual(["TIMEOUT"]);
  });

  test("a caller who leaves ends the call", async () => {
    const { running, aborted } = await traces();
    const controller = new AbortController();
    const call = fetch(`${server.url}/rpc/hang`, {
      method: "POST",
      headers: { "idempotency-key": "call-4" },
      signal: controller.signal,
    });
    await until(() => running.includes("call-4"));
    controller.abort();
    await expect(call).rejects.toThrow();
    await until(() => aborted.includes("call-4"));
    expect(server.entries).toEqual([]);
  });

  test("more calls than the server takes at a time: 503", async () => {
    const small = await startServer({ limits: { inFlight: 2, deadlineMs: 1500 } });
    try {
      const statuses = (await Promise.all([1, 2, 3].map(() => small.call("hang")))).map(({ status }) => status);
      expect(statuses.sort()).toEqual([503, 504, 504]);
    } finally {
      await small.close();
    }
  });

  test("a request that has not arrived whole takes nobody's place", async () => {
    const small = await startServer({ limits: { inFlight: 1, deadlineMs: 1000 } });
    const socket = connect(Number(new URL(small.url).port), "127.0.0.1");
    try {
      socket.write("POST /rpc/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n[");
      await sleep(50);
      expect((await small.call("echo", ["Ada"])).status).toBe(200);
    } finally {
      socket.destroy();
      await small.close();
    }
  });
});

test("health and readiness are told, until the server closes", async () => {
  expect((await server.send("/health")).json).toEqual({ status: "ok" });
  expect((await server.send("/ready")).json).toEqual({ status: "ready" });
  expect((await server.send("/health", { method: "HEAD" })).status).toBe(200);
});

test("a handler that drains is not ready, and its answers end their connection", async () => {
  const handler = await createHandler({ dist: APPLICATION });
  const plain = createServer(handler).listen(0, "127.0.0.1");
  await once(plain, "listening");
  const { port } = plain.address() as AddressInfo;
  try {
    await handler.drain();
    const answer = await fetch(`http://127.0.0.1:${port}/ready`);
    expect([answer.status, await answer.json()]).toEqual([503, { status: "closing" }]);
    expect(answer.headers.get("connection")).toBe("close");
    const call = await fetch(`http://127.0.0.1:${port}/rpc/greet`, { method: "POST" });
    expect(call.status).toBe(503);
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  } finally {
    plain.close();
  }
});

test("a development server answers errors with their stack, to its own machine", async () => {
  const dev = await startServer({ dev: true });
  try {
    const { error } = (await dev.call("fail")).json;
    expect(error?.message).toBe("Internal error (details in the log, with the call id)");
    expect(error?.stack).toContain("hunter2");
    const elsewhere = (await dev.call("fail", [], { "x-forwarded-for": "192.168.0.7" })).json;
    expect(elsewhere.error).toMatchObject({ code: "INTERNAL_ERROR" });
    expect(elsewhere.error).not.toHaveProperty("stack");
  } finally {
    await dev.close();
  }
});

test("sessions may come from elsewhere", async () => {
  const session: Session = {
    id: "s",
    tenant: "t",
    owner: "o",
    perm: 7,
    ugroups: ["admin"],
    isAnonymous: false,
    expiresAt: new Date(Date.now() + 1000),
  };
  const own = await startServer({
    sessions: {
      async resolve(credential) {
        if (credential !== "mine") throw new UnauthorizedError();
        return session;
      },
    },
  });
  try {
    expect((await own.call("whoami")).status).toBe(401);
    const bearer = { authorization: "Bearer mine" };
    expect((await own.call("whoami", [], bearer)).json.result).toMatchObject({ tenant: "t", owner: "o" });
    expect((await own.send("/auth/me", { headers: bearer })).status).toBe(404);
    expect((await own.call("setGroups", ["o", []], bearer)).status).toBe(403);
    await expect(own.auth.grant("a@b.example", "x")).rejects.toThrow(/keeps no accounts/);
  } finally {
    await own.close();
  }
});

test("a logger that fails costs the answer, not the process", async () => {
  const broken = await startServer({
    log: () => {
      throw new Error("disk full");
    },
  });
  try {
    await expect(broken.call("fail")).rejects.toThrow();
    expect((await broken.send("/health")).status).toBe(200);
  } finally {
    await broken.close();
  }
});

const JSON_TYPE = { "content-type": "application/json" };
