import { afterEach, expect, test } from "vitest";
import { startServer, type TestServer, traces, until } from "../testing/host.js";
import { serve } from "./serve.js";

let server: TestServer | undefined;
afterEach(async () => {
  await server?.close();
});

test("the address has no slash at its end and is this machine's own", async () => {
  server = await startServer();
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test("an address that is taken is an error", async () => {
  server = await startServer();
  const port = Number(new URL(server.url).port);
  await expect(startServer({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("a folder without a build tells to build", async () => {
  await expect(serve({ dist: "/nowhere", port: 0 })).rejects.toThrow(/manifest\.json cannot be read: run `kontract build` first/);
});

test("closing lets a running call finish and refuses new connections", async () => {
  server = await startServer({ limits: { deadlineMs: 1500 } });
  const running = server.call("hang", [], { "idempotency-key": "closing" });
  const { running: started } = await traces();
  await until(() => started.includes("closing"));
  const closing = server.close();
  expect((await running).status).toBe(504);
  await closing;
  await expect(fetch(`${server.url}/health`)).rejects.toThrow();
});

test("closing waits for work that outlives its answer", async () => {
  server = await startServer();
  const { finished } = await traces();
  const before = finished.length;
  await server.call("background");
  await server.close();
  expect(finished.length).toBe(before + 1);
  expect(server.entries).toMatchObject([{ level: "error", message: "waitUntil failed", route: "background" }]);
});

test("closing twice is closing once", async () => {
  server = await startServer();
  await Promise.all([server.close(), server.close()]);
});

test("an address of any interface is shown as localhost", async () => {
  server = await startServer({ host: "0.0.0.0" });
  expect(server.url).toMatch(/^http:\/\/localhost:\d+$/);
});

test("a rejection that nobody awaits is logged while the server runs, and does not end the process", async () => {
  const before = process.listeners("unhandledRejection");
  server = await startServer();
  const added = process.listeners("unhandledRejection").filter((listener) => !before.includes(listener));
  const error = new Error("no await");
  for (const listener of added) listener(error, Promise.resolve());
  expect(server.entries).toMatchObject([{ level: "error", error }]);
  await server.close();
  expect(process.listeners("unhandledRejection")).toEqual(before);
});
