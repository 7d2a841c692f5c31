import { once } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { startServer } from "../../testing/host.js";
import { RAYSTREAM } from "../../testing/raystream.js";

afterEach(() => void vi.doUnmock("ws"));

test("a package that could not be loaded is loaded for the next connection", async () => {
  let tries = 0;
  vi.doMock("ws", async (load) => {
    tries += 1;
    if (tries === 1) throw new Error("too many open files");
    return load();
  });
  const server = await startServer({ raystream: RAYSTREAM });
  const open = (): Promise<unknown[]> => {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/raystream`);
    return once(socket, "open").finally(() => socket.terminate());
  };
  try {
    await expect(open()).rejects.toThrow("500");
    expect(server.entries.at(-1)).toMatchObject({ level: "error", message: "A WebSocket could not be opened" });
    await open();
  } finally {
    await server.close();
  }
});
