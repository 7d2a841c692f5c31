import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type TestServer } from "../testing/host.js";
import { OriginPolicy } from "./origin.js";

let server: TestServer;
let port: string;
beforeAll(async () => {
  server = await startServer({ cors: ["https://app.example"], env: ["GREETING"] });
  ({ port } = new URL(server.url));
});
afterAll(async () => {
  await server.close();
});

const call = async (headers: Record<string, string>) => (await server.call("greet", ["Ada"], headers)).status;

test("programs without an origin may call", async () => {
  expect(await call({})).toBe(200);
});

test("pages of the server's own and of listed origins may call", async () => {
  expect(await call({ origin: server.url })).toBe(200);
  const answer = await server.call("greet", ["Ada"], { origin: "https://app.example" });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example");
  expect(answer.headers.get("access-control-allow-credentials")).toBe("true");
  expect(answer.headers.get("vary")).toBe("Origin");
});

test.each([
  "https://evil.example",
  "https://app.example.evil.example",
  "http://app.example",
  "https://app.example:8443",
  "https://APP.example",
  "null",
  "",
  "file://",
  "not an origin",
  "http://127.0.0.1",
])("pages of %s may not", async (origin) => {
  const answer = await server.call("greet", ["Ada"], { origin });
  expect(answer.status).toBe(403);
  expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  const login = await server.send("/auth/anonymous", { method: "POST", headers: { origin } });
  expect(login.status).toBe(403);
});

test("a page that hides its origin may not", async () => {
  const { request } = await import("node:http");
  const status = await new Promise((resolve, reject) => {
    const sent = request(`${server.url}/rpc/greet`, { method: "POST", headers: { "sec-fetch-site": "cross-site" } });
    sent.on("response", (response) => resolve(response.resume().statusCode)).on("error", reject).end();
  });
  expect(status).toBe(403);
});

test("a foreign name that leads to this machine is a foreign page", async () => {
  const { request } = await import("node:http");
  const ask = (host: string) =>
    new Promise((resolve, reject) => {
      const headers = { host: `${host}:${port}`, origin: `http://${host}:${port}` };
      const sent = request(`${server.url}/rpc/echo`, { method: "POST", headers });
      sent.on("response", (response) => resolve(response.resume().statusCode)).on("error", reject).end();
    });
  expect(await ask("evil.example")).toBe(403);
  expect(await ask("localhost")).toBe(200);
  expect(await ask("app.localhost")).toBe(200);
});

test("preflight requests are answered for those who may call only", async () => {
  const ask = (origin: string) =>
    server.send("/rpc/greet", { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } });
  const allowed = await ask("https://app.example");
  expect(allowed.status).toBe(204);
  expect(allowed.headers.get("access-control-allow-methods")).toBe("GET, POST");
  expect(allowed.headers.get("access-control-allow-headers")).toMatch(/authorization, content-type/);
  const refused = await ask("https://evil.example");
  expect(refused.status).toBe(403);
  expect(refused.headers.get("access-control-allow-methods")).toBeNull();
});

test.each(["*", "https://app.example/", "https://app.example/path", "app.example", "ftp://a.example"])(
  "%s cannot be listed",
  (origin) => {
    expect(() => new OriginPolicy([origin])).toThrow(/is not an origin/);
  },
);
