import { readFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CodecError } from "../codec/errors.js";
import { dataStub } from "../testing/codec.js";
import { startServer, type TestServer } from "../testing/host.js";
import {
  __kontract_rpc,
  auth,
  type CallMeta,
  configure,
  ConflictError,
  ForbiddenError,
  HttpError,
  NotFoundError,
  PermissionError,
  StaleClientError,
  type TransportRequest,
  UnauthorizedError,
} from "./index.js";

const NOTHING = { baseUrl: undefined, token: null, fetch: undefined, transport: undefined, headers: undefined, timeout: undefined };
beforeEach(() => configure(NOTHING));
afterEach(() => configure(NOTHING));

const call = (route: string, args: unknown[] = [], options = {}): Promise<unknown> => __kontract_rpc(route, args, {}, options);

describe("with a server", () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer({ limits: { deadlineMs: 1500 } });
    configure({ baseUrl: `${server.url}/` });
  });
  afterEach(() => server.close());

  test("a call returns what the function does", async () => {
    expect(await call("echo", ["Grüße 🎉", 1, null, { a: [true] }])).toEqual(["Grüße 🎉", 1, null, { a: [true] }]);
    expect(await call("Counter.next")).toEqual(expect.any(Number));
    expect(await call("nothing")).toBeUndefined();
  });

  test("undefined is left out at the end and null before it", async () => {
    expect(await call("echo", [undefined, 1, undefined, undefined])).toEqual([null, 1]);
    expect(await call("echo", [undefined])).toEqual([]);
    expect(await call("echo", [{ a: undefined }, 2n, new Date(0)])).toEqual([{}, "2", "1970-01-01T00:00:00.000Z"]);
  });

  test("an answer without a body is null", async () => {
    expect(await call("respond", [204])).toBeNull();
    expect(await call("redirect", [`${server.url}/health`])).toBeNull();
  });

  test("an answer's status does not matter when it has a result", async () => {
    expect(await call("respond", [201, null, { id: 1 }])).toEqual({ id: 1 });
    expect(await call("respond", [404, null, "still a result"])).toBe("still a result");
  });

  test("errors have the class they were thrown with", async () => {
    await expect(call("missing")).rejects.toBeInstanceOf(NotFoundError);
    await expect(call("nowhere")).rejects.toThrow("Route nowhere not found");
    await expect(call("guarded")).rejects.toBeInstanceOf(ForbiddenError);
    await expect(call("addNote", ["1", {}])).rejects.toBeInstanceOf(PermissionError);
    await expect(call("failFor", [422, "INVALID_REQUEST"])).rejects.toMatchObject({ name: "HttpError", status: 422, code: "INVALID_REQUEST" });
    await expect(call("fail")).rejects.toMatchObject({ status: 500, code: "INTERNAL_ERROR" });
    await expect(call("greet", ["\0"])).rejects.toMatchObject({ status: 400, path: "args[0]" });
    await expect(call("hang")).rejects.toMatchObject({ status: 504, code: "TIMEOUT" });
  });

  test("a session is opened, used and ended", async () => {
    const made = await auth.register({ email: "ada@example.com", password: "correct horse" });
    expect(await auth.me()).toEqual({ owner: made.owner, email: "ada@example.com", isAnonymous: false, perm: 7, ugroups: [] });
    expect(await call("addNote", ["1", { text: "hi" }])).toEqual([{ id: "1", text: "hi" }]);
    await auth.logout();
    await expect(auth.me()).rejects.toBeInstanceOf(UnauthorizedError);
    await expect(auth.login({ email: "ada@example.com", password: "wrong horse" })).rejects.toBeInstanceOf(UnauthorizedError);
    await expect(auth.register({ email: "ada@example.com", password: "correct horse" })).rejects.toBeInstanceOf(ConflictError);
    const back = await auth.login({ email: "ada@example.com", password: "correct horse" });
    expect(back.owner).toBe(made.owner);
    expect((await auth.anonymous()).owner).not.toBe(made.owner);
    expect((await auth.me()).isAnonymous).toBe(true);
  });

  test("a session is forgotten even when it cannot be ended", async () => {
    const { token } = await auth.anonymous();
    configure({ baseUrl: "http://127.0.0.1:1" });
    await expect(auth.logout()).rejects.toMatchObject({ status: 503 });
    configure({ baseUrl: server.url });
    await expect(auth.me()).rejects.toBeInstanceOf(UnauthorizedError);
    configure({ token });
    expect((await auth.me()).isAnonymous).toBe(true);
  });
});

describe("with a codec", () => {
  let server: TestServer;
  const sent: Request[] = [];
  beforeEach(async () => {
    server = await startServer({ env: ["GREETING"], limits: { deadlineMs: 1500 } });
    sent.length = 0;
    const spy: typeof fetch = (...args) => {
      sent.push(new Request(...args));
      return fetch(...args);
    };
    configure({ baseUrl: server.url, fetch: spy });
  });
  afterEach(() => server.close());
  const stub = (route: string, args: unknown[] = [], meta: Partial<CallMeta> = {}): Promise<unknown> =>
    __kontract_rpc(route, args, { egroup: "api", abi: `sha256:${route}`, ...dataStub, ...meta });

  test("a call and its answer are bytes", async () => {
    const args = ["Grüße 🎉", -0, Number.NaN, null, { a: [true] }];
    expect(await stub("echo", args)).toStrictEqual(args);
    const [request] = sent as [Request];
    expect(request.headers.get("content-type")).toBe("application/x-kontract");
    expect(request.headers.get("x-kontract-abi")).toBe("sha256:echo");
    expect(new Uint8Array(await request.arrayBuffer())).toEqual(dataStub.encode(args));
    expect(await stub("nothing")).toBeUndefined();
  });

  test("status and missing bodies are as in JSON", async () => {
    expect(await stub("respond", [201, {}, { id: 1 }])).toEqual({ id: 1 });
    expect(await stub("respond", [404, {}, "still a result"])).toBe("still a result");
    expect(await stub("respond", [204])).toBeNull();
    expect(await stub("redirect", [`${server.url}/health`])).toBeNull();
  });

  test("errors have the class they were thrown with", async () => {
    await expect(stub("missing")).rejects.toBeInstanceOf(NotFoundError);
    await expect(stub("guarded")).rejects.toBeInstanceOf(ForbiddenError);
    await expect(stub("addNote", ["1", {}])).rejects.toBeInstanceOf(PermissionError);
    await expect(stub("greet", ["a", "b"])).rejects.toMatchObject({ status: 400, code: "INVALID_REQUEST", path: "args" });
    await expect(stub("hang")).rejects.toMatchObject({ status: 504, code: "TIMEOUT" });
    const stale = await stub("greet", ["Ada"], { abi: "sha256:unknown" }).catch((error: unknown) => error);
    expect(stale).toBeInstanceOf(StaleClientError);
    expect(stale).toMatchObject({ status: 409, code: "STALE_CLIENT", message: "This client was built for an older version of greet" });
    expect(await stub("greet", ["Ada"], { abi: "sha256:older" })).toBe("Hello, Ada");
  });

  test("arguments of a wrong type are refused before anything is sent", async () => {
    const error = await stub("echo", ["a", { at: [new Date()] }]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ status: 400, code: "INVALID_REQUEST", path: "args[1].at[0]", cause: expect.any(CodecError) });
    const failing = { encode: () => { throw new RangeError("a getter failed"); } };
    await expect(stub("echo", [], failing)).rejects.toThrow(RangeError);
    expect(sent).toEqual([]);
  });

  test("an answer that cannot be read is the server's fault", async () => {
    const decode = (): never => {
      throw new CodecError("result.email", "expected string");
    };
    const error = await stub("greet", ["Ada"], { decode }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: "HttpError",
      status: 502,
      code: "SERVICE_UNAVAILABLE",
      path: "result.email",
      message:
        "The answer of greet is not what this client expects (result.email: expected string). " +
        "Client and server may come from different builds",
    });
    const broken = (): never => {
      throw new RangeError("not the server's");
    };
    await expect(stub("greet", ["Ada"], { decode: broken })).rejects.toThrow(RangeError);
  });

  test.each([
    [200, '{"result":1}', 502],
    [200, "<html>", 502],
    [404, '{"result":1}', 404],
    [500, "", 500],
  ])("an answer that is not in bytes is none: %i %s", async (status, text, known) => {
    configure({ fetch: async () => new Response(text, { status, headers: { "content-type": "application/json" } }) });
    await expect(stub("greet", ["Ada"])).rejects.toMatchObject({ status: known, message: `Unexpected answer from the server (HTTP ${status})` });
  });

  test("another transport gets the arguments as they are, and the codec", async () => {
    const requests: TransportRequest[] = [];
    configure({ transport: { call: async (request) => requests.push(request) } });
    await stub("f", [undefined, 1, undefined]);
    expect(requests).toEqual([{ route: "f", args: [undefined, 1, undefined], meta: { egroup: "api", abi: "sha256:f", ...dataStub }, options: {} }]);
  });
});

describe("without an answer", () => {
  test("a server that is not there is SERVICE_UNAVAILABLE, with its cause", async () => {
    configure({ baseUrl: "http://127.0.0.1:1" });
    await expect(call("greet")).rejects.toMatchObject({ status: 503, code: "SERVICE_UNAVAILABLE", cause: expect.any(Error) });
  });

  test("a server that takes too long is TIMEOUT, by the call's limit or the client's", async () => {
    await listen(() => {}, async () => {
      await expect(call("greet", [], { timeout: 20 })).rejects.toMatchObject({ status: 504, code: "TIMEOUT" });
      configure({ timeout: 20 });
      await expect(call("greet")).rejects.toMatchObject({ status: 504, code: "TIMEOUT" });
    });
  });

  test("the limit covers the answer's body", async () => {
    await listen((_, response) => void response.writeHead(200).write('{"result":'), async () => {
      await expect(call("greet", [], { timeout: 50 })).rejects.toMatchObject({ code: "TIMEOUT" });
    });
  });

  test("a caller who gives up gets his own reason", async () => {
    await listen(() => {}, async () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error("changed my mind")), 20);
      await expect(call("greet", [], { signal: controller.signal })).rejects.toThrow("changed my mind");
      await expect(call("greet", [], { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    });
  });
});

describe("a foreign answer", () => {
  test.each([
    [502, "<html>Bad gateway</html>", 502, "SERVICE_UNAVAILABLE"],
    [504, "", 504, "TIMEOUT"],
    [404, "Not found", 404, "NOT_FOUND"],
    [413, "{}", 413, "INVALID_REQUEST"],
    [200, "<html>", 502, "SERVICE_UNAVAILABLE"],
    [200, "[]", 502, "SERVICE_UNAVAILABLE"],
    [200, "null", 502, "SERVICE_UNAVAILABLE"],
    [500, '{"error":"text"}', 500, "INTERNAL_ERROR"],
    [500, '{"error":{}}', 500, "INTERNAL_ERROR"],
    [401, '{"error":{"code":7,"message":[],"status":"x","path":{}}}', 401, "UNAUTHORIZED"],
    [400, '{"error":{"code":"MINE","message":"no","status":9999}}', 400, "MINE"],
  ])("%i %s is an error", async (status, text, known, code) => {
    await listen((_, response) => response.writeHead(status).end(text), async () => {
      const error = await call("greet").catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(HttpError);
      expect(error).toMatchObject({ status: known, code });
      expect((error as HttpError).path).toBeUndefined();
    });
  });
});

describe("settings", () => {
  test("decide address, credential and headers of a request", async () => {
    const seen: Request[] = [];
    const fetch = async (...args: ConstructorParameters<typeof Request>): Promise<Response> => {
      seen.push(new Request(...args));
      return Response.json({ result: 1 });
    };
    configure({ baseUrl: "https://api.example/v1/", token: "t", headers: { "X-App": "a" }, fetch });
    await call("User Service.get/..", [1]);
    const [request] = seen as [Request];
    expect(request.url).toBe("https://api.example/v1/rpc/User%20Service.get%2F..");
    expect(request.method).toBe("POST");
    expect(request.redirect).toBe("manual");
    expect(request.headers.get("authorization")).toBe("Bearer t");
    expect(request.headers.get("x-app")).toBe("a");
    expect(request.headers.get("content-type")).toBe("application/json");
    expect(await request.text()).toBe("[1]");
    configure({ token: null });
    await call("f");
    expect(seen[1]?.headers.has("authorization")).toBe(false);
  });

  test("may replace HTTP altogether", async () => {
    const requests: TransportRequest[] = [];
    configure({ transport: { call: async (request) => requests.push(request) } });
    const signal = new AbortController().signal;
    expect(await __kontract_rpc("f", [undefined, 1, undefined], { egroup: "api" }, { signal })).toBe(1);
    expect(requests).toEqual([{ route: "f", args: [null, 1], meta: { egroup: "api" }, options: { signal } }]);
  });

  test("without an address say how to set it, except on a page", async () => {
    await expect(call("f")).rejects.toThrow("configure({ baseUrl: 'http://127.0.0.1:8787' })");
    const page = globalThis as { location?: unknown };
    const urls: unknown[] = [];
    configure({ fetch: async (url) => (urls.push(url), Response.json({ result: 1 })) });
    try {
      page.location = { origin: "https://app.example" };
      await call("f");
      page.location = { origin: "null" };
      await expect(call("f")).rejects.toThrow("baseUrl");
    } finally {
      delete page.location;
    }
    expect(urls).toEqual(["https://app.example/rpc/f"]);
  });

  test.each(["", "app.example", "/api", "ftp://a.example", "http://", "http://a.example?x", "http://a.example/#x", "javascript:alert(1)"])(
    "refuse the address %s",
    (baseUrl) => {
      expect(() => configure({ baseUrl })).toThrow(/baseUrl must be/);
    },
  );

  test("refuse what they do not know", () => {
    expect(() => configure({ baseURL: "http://a.example" } as never)).toThrow("unknown setting 'baseURL'");
  });
});

test("nothing that the client loads belongs to Node.js", async () => {
  const seen = new Set<string>();
  const visit = async (url: URL): Promise<void> => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    const text = await readFile(fileURLToPath(url), "utf8");
    for (const [, specifier = ""] of text.matchAll(/from\s+"([^"]+)"/g)) {
      expect(specifier).toMatch(/^\.\.?\//);
      await visit(new URL(specifier.replace(/\.js$/, ".ts"), url));
    }
    expect(text).not.toMatch(/\b(process|Buffer|require)\b\s*[.(]/);
  };
  await visit(new URL("./index.ts", import.meta.url));
  await visit(new URL("../index.ts", import.meta.url));
  expect(seen.size).toBeGreaterThan(10);
});

async function listen(listener: RequestListener, use: () => Promise<void>): Promise<void> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  configure({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  try {
    await use();
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
