// What is outside is told at most once of a call, however often the call comes: beside itself, again
// later, when its host was killed, or when its transaction had been committed meanwhile.
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { configure, disconnect, HttpError } from 'kontract/client';
import { serve } from 'kontract/node';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { spawnTied } from '../support/tied.mjs';
import { prepare, type Prepared, startGateway, stopSharedPostgres } from './support/gateway.ts';
import { staticKey, webSocket, wireSettings } from './support/raystream.ts';
import { type Client, clientOf } from './support/server.ts';
import { build, copyProject, type Workspace } from './support/workspace.ts';

const CALLS = process.env.KONTRACT_PROVE === '1' ? 5_000 : 60;
const DEADLINE_MS = 4_000;
const env = { KONTRACT_SECRET: randomBytes(48).toString('base64'), KONTRACT_STATIC_KEY: staticKey.secret, DEADLINE_MS: String(DEADLINE_MS) };

interface Host {
  url: string;
  pid?: number;
  close(): Promise<unknown>;
}

let app: Workspace;
let client: Client;
beforeAll(async () => {
  app = await copyProject('once');
  await appendFile(join(app.root, 'kontract.toml'), wireSettings(staticKey));
  await build(app);
  client = await clientOf(app);
}, 120_000);
afterAll(stopSharedPostgres);

/** Whoever is told; it answers when it is let. */
class Outside {
  readonly told = new Map<string, number>();
  readonly #held: ServerResponse[] = [];
  #holds = false;
  #url = '';
  readonly #server = createServer((request, response) => {
    const id = request.url!.slice(1);
    this.told.set(id, this.times(id) + 1);
    if (this.#holds) this.#held.push(response);
    else response.end();
  });

  async open(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return this.#url;
  }

  times(id: string): number {
    return this.told.get(id) ?? 0;
  }

  hold(): void {
    this.#holds = true;
  }

  release(): void {
    this.#holds = false;
    for (const response of this.#held.splice(0)) response.end();
  }

  close(): void {
    this.release();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const outside = new Outside();
beforeAll(() => outside.open());
afterAll(() => outside.close());
beforeEach(() => outside.release());

interface Answer {
  status: number;
  result?: unknown;
  code?: string;
}

async function send(url: string, key: string, token: string, route: string, ...args: unknown[]): Promise<Answer> {
  return await sendWith({}, url, key, token, route, ...args);
}

async function sendWith(more: Record<string, string>, url: string, key: string, token: string, route: string, ...args: unknown[]): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key, authorization: `Bearer ${token}`, ...more };
  const response = await fetch(`${url}/rpc/${route}`, { method: 'POST', headers, body: JSON.stringify(args) });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { code: string } };
  return error === undefined ? { status: response.status, result } : { status: response.status, code: error.code };
}

async function signIn(url: string): Promise<string> {
  return ((await (await fetch(`${url}/auth/anonymous`, { method: 'POST' })).json()) as { token: string }).token;
}

const someTime = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
const POLL = { timeout: 20_000, interval: 20 };

/** What holds on every host; `second` may be the same as the first. */
function sentAgain(hosts: () => [Host, Host]): void {
  let token: string;
  beforeAll(async () => {
    token = await signIn(hosts()[0].url);
  });

  test('a call that comes beside itself is answered as the first one is', async () => {
    const [first, second] = hosts();
    const id = randomUUID();
    outside.hold();
    const one = send(first.url, id, token, 'tell', outside.url, id);
    await expect.poll(() => outside.times(id), POLL).toBe(1);
    const others = [first, second].map(({ url }) => send(url, id, token, 'tell', outside.url, id));
    const another = await send(second.url, id, token, 'tell', outside.url, `${id}-other`);
    expect(another).toEqual({ status: 400, code: 'INVALID_REQUEST' });
    outside.release();
    for (const answer of [one, ...others]) expect(await answer).toEqual({ status: 200, result: 1 });
    expect([outside.times(id), outside.times(`${id}-other`)]).toEqual([1, 0]);
  });

  test('a failure is the answer of a call that may have told somebody', async () => {
    const [first, second] = hosts();
    const id = randomUUID();
    for (const { url } of [first, second, first]) {
      // Of another server, NOT_TAKEN would have the call made again.
      expect(await send(url, id, token, 'tellAndFail', outside.url, id)).toEqual({ status: 503, code: 'SERVICE_UNAVAILABLE' });
    }
    expect(outside.times(id)).toBe(1);
  });

  test('a call whose effects are in its transaction is made again when it has failed', async () => {
    const [first, second] = hosts();
    const [id, key] = [randomUUID(), randomUUID()];
    expect(await send(first.url, randomUUID(), token, 'take', id)).toEqual({ status: 200, result: 1 });
    expect(await send(second.url, key, token, 'take', id)).toEqual({ status: 418, code: 'INVALID_REQUEST' });
    expect(await send(first.url, randomUUID(), token, 'drop', id)).toEqual({ status: 200 });
    for (const { url } of [second, first]) expect(await send(url, key, token, 'take', id)).toEqual({ status: 200, result: 1 });
  });
}

const STARTS: Record<string, (prepared: Prepared) => Promise<Host>> = {
  'the gateway': ({ postgres, database }) => {
    const config = `[server]\negress = ["loopback"]\n[server.limits]\ndeadline_ms = ${DEADLINE_MS}`;
    return startGateway(app, { postgres, database, env, config, migrate: false });
  },
  'Node.js': async (prepared) => {
    const command = [join(import.meta.dirname, 'support/node-process.mjs'), app.dist];
    const child = spawnTied('KILL', process.execPath, command, { env: { ...prepared.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout! });
    const { url } = JSON.parse(String((await once(lines, 'line'))[0])) as { url: string };
    const ended = once(child, 'exit');
    return { url, pid: child.pid!, close: async () => (child.kill('SIGKILL'), ended) };
  },
};

describe.each(Object.entries(STARTS))('on %s', (_, start) => {
  let prepared: Prepared;
  let token: string;
  const hosts: Host[] = [];
  const pair = (): [Host, Host] => hosts as [Host, Host];
  beforeAll(async () => {
    prepared = await prepare(app, { env });
    hosts.push(await start(prepared), await start(prepared));
    token = await signIn(hosts[0]!.url);
  }, 120_000);
  afterAll(async () => {
    await disconnect();
    await Promise.all(hosts.map((host) => host.close()));
  });

  sentAgain(pair);

  async function kill(): Promise<void> {
    process.kill(hosts[0]!.pid!, 'SIGKILL');
    hosts[0] = await start(prepared);
  }

  test('of a call whose host was killed nobody knows what came of it', async () => {
    const id = randomUUID();
    outside.hold();
    const lost = send(hosts[0]!.url, id, token, 'tell', outside.url, id).catch((error: unknown) => error);
    await expect.poll(() => outside.times(id), POLL).toBe(1);
    await kill();
    expect(await lost).toBeInstanceOf(Error);
    outside.release();
    for (const { url } of pair()) {
      expect(await send(url, id, token, 'tell', outside.url, id)).toEqual({ status: 409, code: 'CONFLICT' });
    }
    expect(outside.times(id)).toBe(1);
  });

  test('a stream that may have told somebody begins once', async () => {
    const id = randomUUID();
    const callId = randomBytes(16);
    for (const expected of [[1, 2], 'CONFLICT']) {
      configure({ baseUrl: hosts[expected === 'CONFLICT' ? 1 : 0]!.url, token, transport: 'stream', fetch: undefined, webSocket });
      // The first that a call asks for is its id.
      const random = vi.spyOn(crypto, 'getRandomValues').mockImplementationOnce((array) => ((array as unknown as Uint8Array).set(callId), array));
      const items = client.tellAll!(outside.url, id) as unknown as AsyncIterable<number>;
      expect(await all(items).catch((error: HttpError) => error.code)).toEqual(expected);
      random.mockRestore();
    }
    expect(outside.times(id)).toBe(1);
  });

  test('a call that fails since it was served meanwhile has the answer of then', async () => {
    const [first, second] = pair();
    const id = randomUUID();
    const url = prepared.postgres.url('postgres', prepared.database);
    const locks = await Promise.all(['counters', 'gates'].map((table) => lockOn(url, table)));
    const [counters, gates] = locks as [Lock, Lock];
    await counters.take();
    const one = send(first.url, id, token, 'take', id);
    await counters.awaited();
    await gates.take();
    const other = sendWith({ 'x-gate': '1' }, second.url, id, token, 'take', id);
    await gates.awaited();
    await counters.release();
    expect(await one).toEqual({ status: 200, result: 1 });
    await gates.release();
    expect(await other).toEqual({ status: 200, result: 1 });
  });

  const some = (): string => pair()[Math.random() < 0.5 ? 0 : 1].url;

  // The ways that messages go wrong between a client and two hosts, and how often they did.
  const wrong = { doubled: 0, late: 0, lost: 0, cut: 0 };
  const unruly: typeof fetch = async (input, init) => {
    const to = (): Promise<Response> => fetch(some() + new URL(String(input)).pathname, init);
    const later = async (): Promise<Response> => (await someTime(), to());
    const fate = Math.random();
    if (fate < 0.2) return ((wrong.doubled += 1), (await Promise.all([to(), later()]))[0]!);
    if (fate < 0.3) return ((wrong.late += 1), void later().catch(() => {}), to());
    const answer = await later();
    if (fate < 0.5) throw ((wrong.lost += 1), new TypeError('the answer was lost'));
    return answer;
  };
  const Unruly = class extends webSocket {
    #sent = 0;
    constructor(url: string) {
      super(some().replace('http', 'ws') + new URL(url).pathname);
      setTimeout(() => this.#cut(), 100 + Math.random() * 200);
    }
    override send(data: Uint8Array): void {
      super.send(data);
      // Once at least, however soon all calls are done.
      if ((this.#sent += 1) === 20 && wrong.cut === 0) this.#cut();
    }
    #cut(): void {
      wrong.cut += 1;
      this.close();
    }
  };

  test.each([
    ['post', ['doubled', 'late', 'lost']],
    ['stream', ['cut']],
  ] as const)('whatever becomes of messages by %s, and of hosts, nobody is told twice', { timeout: 900_000 }, async (transport, ways) => {
    configure({ baseUrl: 'http://kontract.test', token, transport, fetch: unruly, webSocket: Unruly });
    const ids = Array.from({ length: CALLS }, () => randomUUID());
    const answers = new Map<string, unknown>();
    const rest = [...ids];
    const callers = Array.from({ length: 12 }, async () => {
      for (let id = rest.pop(); id !== undefined; id = rest.pop()) {
        // Calls of one moment would be one message.
        await someTime();
        const answer: unknown = await client.tell!(outside.url, id).catch((error: unknown) => error);
        answers.set(id, answer);
      }
    });
    const called = Promise.all(callers);
    for (let kills = 0; kills < Math.max(1, CALLS / 500); kills += 1) {
      const before = answers.size;
      await expect.poll(() => answers.size, { ...POLL, timeout: 120_000 }).toBeGreaterThan(Math.min(before + 10, CALLS - 1));
      await kill();
    }
    await called;
    for (const way of ways) expect(wrong[way], way).toBeGreaterThan(0);
    await disconnect();
    configure({ baseUrl: hosts[1]!.url, transport: 'post', fetch: undefined, webSocket });
    const rows = (await client.values!(ids)) as (number | null)[];
    const codes = new Set<string>();
    ids.forEach((id, i) => {
      const answer = answers.get(id);
      expect(outside.times(id), id).toBeLessThanOrEqual(1);
      if (answer === 1) expect([outside.times(id), rows[i]], id).toEqual([1, 1]);
      else codes.add(answer instanceof HttpError ? answer.code : String(answer));
      expect([null, 1], id).toContain(rows[i]);
    });
    expect([...codes].filter((code) => !['CONFLICT', 'SERVICE_UNAVAILABLE', 'TIMEOUT'].includes(code))).toEqual([]);
    expect([...answers.values()].filter((answer) => answer === 1).length).toBeGreaterThan(CALLS / 2);
  });
});

describe('on Node.js in memory', () => {
  let host: Host;
  beforeAll(async () => {
    host = await serve({ dist: app.dist, port: 0, limits: { deadlineMs: DEADLINE_MS } });
  });
  afterAll(() => host.close());
  sentAgain(() => [host, host]);
});

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const taken: Item[] = [];
  for await (const item of items) taken.push(item);
  return taken;
}

interface Lock {
  take(): Promise<void>;
  /** Resolves when somebody waits for it. */
  awaited(): Promise<void>;
  release(): Promise<void>;
}

/** Keeps everybody from a table of the application. */
async function lockOn(url: string, table: string): Promise<Lock> {
  const connection = new pg.Client({ connectionString: url });
  // The server ends before a test that has failed lets go.
  connection.on('error', () => {});
  await connection.connect();
  const { rows } = await connection.query<{ ptr: string }>('SELECT ptr FROM kontract.storage WHERE id = $1', [table]);
  const name = `kdata."${rows[0]!.ptr}"`;
  const waiting = async (): Promise<number> => {
    const found = await connection.query<{ n: number }>('SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted AND relation = $1::regclass', [name]);
    return found.rows[0]!.n;
  };
  return {
    take: async () => void (await connection.query(`BEGIN; LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`)),
    awaited: () => expect.poll(waiting, POLL).toBeGreaterThan(0),
    release: async () => {
      await connection.query('COMMIT');
      await connection.end();
    },
  };
}
