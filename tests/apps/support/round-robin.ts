// A proxy in front of several servers: each request, and each connection that becomes a WebSocket,
// goes to the next one; who does not answer is passed over.
import { createServer, request as send } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface RoundRobin {
  url: string;
  /** How many requests each server has answered, and how many WebSockets lead to it. */
  requests: number[];
  sockets: number[];
  close(): void;
}

export async function roundRobin(urls: string[]): Promise<RoundRobin> {
  const targets = urls.map((url) => new URL(url));
  const counts = { requests: urls.map(() => 0), sockets: urls.map(() => 0) };
  const open = new Set<Socket>();
  let turn = 0;
  const next = (): number => turn++ % targets.length;

  const server = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const attempt = (tries: number): void => {
      const index = next();
      const { hostname, port } = targets[index]!;
      const { method, url: path, headers } = request;
      const forward = send({ hostname, port, method, path, headers }, (answer) => {
        counts.requests[index]! += 1;
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      forward.on('error', () => (tries > 1 ? attempt(tries - 1) : response.writeHead(502).end()));
      forward.end(Buffer.concat(body));
    };
    attempt(targets.length);
  });
  server.on('upgrade', (request, client: Socket) => {
    const attempt = (tries: number): void => {
      const index = next();
      const upstream = connect(Number(targets[index]!.port), targets[index]!.hostname);
      upstream.once('error', () => (tries > 1 ? attempt(tries - 1) : client.destroy()));
      upstream.once('connect', () => {
        counts.sockets[index]! += 1;
        for (const [one, other] of [[client, upstream], [upstream, client]] as const) {
          open.add(one);
          one.on('error', () => {}).on('close', () => other.destroy());
        }
        const lines = request.rawHeaders.reduce((text, part, at) => text + part + (at % 2 === 0 ? ': ' : '\r\n'), '');
        upstream.write(`GET ${request.url} HTTP/1.1\r\n${lines}\r\n`);
        upstream.pipe(client).pipe(upstream);
      });
    };
    attempt(targets.length);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    ...counts,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}
