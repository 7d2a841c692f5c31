import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { expect, test } from "vitest";
import { until } from "../testing/host.js";
import { Backlog } from "./backlog.js";
import { sealedAnswer, send } from "./respond.js";

class Client {
  left = false;
  bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  end(): void {
    this.left = true;
  }
}

test("where all of them together are too many bytes, whoever has the most is left", () => {
  const backlog = new Backlog(100);
  const clients = [20, 30, 20, 28, 10].map((bytes) => new Client(bytes));
  const left = (): boolean[] => clients.map((client) => client.left);
  const leave = clients.map((client) => backlog.enter(client));
  backlog.grew();
  expect(left()).toEqual([false, true, false, false, false]);
  (clients[4] as Client).bytes = 31;
  leave[3]?.();
  backlog.grew();
  expect(left()).toEqual([false, true, false, false, false]);
});

test("answers that nobody reads are given up, and others arrive", async () => {
  const backlog = new Backlog(30 << 20);
  const body = new Uint8Array(20 << 20);
  const server = createServer((_, response) => send(response, sealedAnswer(body), backlog));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ask = async (): Promise<{ closed: boolean }> => {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    const client = { closed: false };
    server.once("connection", (own) => own.once("close", () => (client.closed = true)));
    await once(socket, "connect");
    socket.pause();
    const answered = once(server, "request");
    socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await answered;
    return client;
  };
  try {
    const clients = [await ask(), await ask(), await ask()];
    await until(() => clients.filter(({ closed }) => closed).length > 0);
    expect(clients.every(({ closed }) => closed)).toBe(false);
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect((await answer.arrayBuffer()).byteLength).toBe(body.length);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
