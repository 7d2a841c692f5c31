// A built application behind a host, and the two ways to call it: as curl would, and through its client.
// The host is `kontract/node` with storage in memory, with KONTRACT_HOST=postgres the same on a real
// PostgreSQL, or with KONTRACT_HOST=gateway `kontract serve`. KONTRACT_TRANSPORT: see raystream.ts;
// KONTRACT_CALLER: see page/page.ts.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { configure, disconnect } from 'kontract/client';
import { serve } from 'kontract/node';
import { afterAll, expect } from 'vitest';
import { startGateway, stopSharedPostgres } from './gateway.ts';
import { startNode } from './node.ts';
import { closePage, configurePage, fromPage, moduleInPage, pageOrigin } from './page/page.ts';
import { staticKey, transport, webSocket } from './raystream.ts';
import { WatchedStorage } from './watch.ts';
import type { Workspace } from './workspace.ts';

export const onGateway = process.env.KONTRACT_HOST === 'gateway';

export interface Server {
  /** Its address, without a slash at its end. */
  url: string;
  /** Of the process that serves, where it is not this one. */
  pid?: number;
  auth: {
    /** Adds an account to a group. */
    grant(email: string, group: string): Promise<void>;
    setGroups(userId: string, groups: readonly string[]): Promise<void>;
  };
  close(): Promise<unknown>;
}

/** Something that a host has logged. */
export interface LogEntry {
  level: string;
  message: string;
  callId?: string;
  route?: string;
  error?: unknown;
}

export interface StartOptions {
  cors?: string[];
  base?: string;
  limits?: { deadlineMs?: number; bodyKb?: number; inFlight?: number };
  auth?: { sessionTtlSeconds?: number; allowAnonymous?: boolean };
  /** Environment variables that `env` offers, besides those of the applications. */
  env?: string[];
  /** Where the gateway's applications may go with `fetch`, besides public hosts. */
  egress?: string[];
  /** Serves encrypted calls, also where the tests do not make theirs so. */
  raystream?: boolean;
  /** Told of what is logged, a moment after the answer at the latest. */
  log?: (entry: LogEntry) => void;
}

/** Serves a build on a free port until the test file ends. */
export async function start(workspace: Workspace, options: StartOptions = {}): Promise<Server> {
  if (fromPage) options = { ...options, cors: [...(options.cors ?? []), await pageOrigin()] };
  const starts = { gateway: startOnGateway, postgres: startOnPostgres } as Record<string, typeof startOnNode>;
  const server = await (starts[process.env.KONTRACT_HOST ?? ''] ?? startOnNode)(workspace, options);
  servers.push(server);
  return server;
}

const servers: Server[] = [];

// Where hooks or tests start a server, vitest takes no hook of their own.
afterAll(async () => {
  await disconnect();
  const called = await closePage();
  if (fromPage && transport) expect(called, 'where the page called').toEqual([transport === 'stream' ? 'ws:/raystream' : 'http:/raystream']);
  await Promise.all(servers.map((server) => server.close()));
  await stopSharedPostgres();
});

async function startOnNode({ dist }: Workspace, { raystream: encrypted = false, ...options }: StartOptions): Promise<Server> {
  const storage = new WatchedStorage();
  const env = [...VARIABLES, ...(options.env ?? [])];
  const secret = randomBytes(32).toString('base64');
  const raystream = encrypted || transport ? { staticKey: staticKey.secret, secret } : undefined;
  const server = await serve({ dist, port: 0, ...options, env, storage, raystream });
  watched.push({ storage, dist });
  return server;
}

async function startOnPostgres(workspace: Workspace, { raystream: encrypted = false, ...options }: StartOptions): Promise<Server> {
  const env = [...VARIABLES, ...(options.env ?? [])];
  const raystream = encrypted || transport ? { staticKey: staticKey.secret } : undefined;
  return await startNode(workspace, { serving: { ...options, env, raystream } });
}

const watched: { storage: WatchedStorage; dist: string }[] = [];

// Whatever a file's tests made the routes do, the compiler has seen that they may.
afterAll(async () => {
  for (const { storage, dist } of watched) {
    expect(await storage.untold(dist), 'operations that the manifest does not tell of').toEqual([]);
  }
});

async function startOnGateway(workspace: Workspace, options: StartOptions): Promise<Server> {
  const gateway = await startGateway(workspace, {
    config: settings(options),
    env: options.raystream || transport ? { KONTRACT_STATIC_KEY: staticKey.secret } : {},
    onLine(line) {
      const { level, message, target, call_id: callId, route, error } = line as Record<string, any>;
      // What the application logs, its tests look for in this process.
      if (target === 'kontract::console') console.info(message);
      else options.log?.({ level: level.toLowerCase(), message, callId, route, error });
    },
  });
  const sql = (text: string): Promise<string> => gateway.postgres.query(gateway.database, text);
  const setGroups = async (user: string, groups: readonly string[]): Promise<void> => {
    await sql(`SELECT kontract.set_groups(NULL, '${user}', ARRAY[${groups.map((group) => `'${group}'`).join()}]::text[])`);
  };
  return {
    url: gateway.url,
    pid: gateway.pid,
    auth: {
      setGroups,
      async grant(email, group) {
        const account = await sql(`SELECT id, array_to_json(ugroups) FROM kontract.accounts WHERE email = '${email}'`);
        const [id = '', groups = '[]'] = account.split('|');
        await setGroups(id, [...(JSON.parse(groups) as string[]), group]);
      },
    },
    close: gateway.close,
  };
}

/** The options as kontract.toml says them. */
function settings({ cors, base, egress, limits = {}, auth = {}, env = [] }: StartOptions): string {
  const server = { cors, base, egress, env: [...VARIABLES, ...env] };
  const sections: [string, Record<string, unknown>][] = [
    ['server', server],
    ['server.limits', { deadline_ms: limits.deadlineMs, body_kb: limits.bodyKb, in_flight: limits.inFlight }],
    ['auth', { session_ttl: auth.sessionTtlSeconds, allow_anonymous: auth.allowAnonymous }],
  ];
  return sections
    .map(([name, values]) => {
      const lines = Object.entries(values).filter(([, value]) => value !== undefined);
      return [`[${name}]`, ...lines.map(([key, value]) => `${key} = ${JSON.stringify(value)}`)].join('\n');
    })
    .join('\n');
}

/** The environment variables the applications read; a server must be told of them. */
const VARIABLES = ['CONDUIT_RATE_LIMIT', 'TASKS_RATE_LIMIT'];

export interface Answer {
  status: number;
  headers: Headers;
  /** What the JSON of the body says; null without a body. */
  body: unknown;
}

/** `POST <path>` with a JSON body, or without one. */
export async function post(server: Server, path: string, body?: unknown, token?: string): Promise<Answer> {
  const headers = new Headers();
  if (body !== undefined) headers.set('content-type', 'application/json');
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  const init: RequestInit = { method: 'POST', headers };
  if (body !== undefined) init.body = JSON.stringify(body);
  return await answerOf(await fetch(server.url + path, init));
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

/** Calls a route as curl would. */
export function rpc(server: Server, route: string, args?: unknown[], token?: string): Promise<Answer> {
  return post(server, `/rpc/${route}`, args, token);
}

export interface Account {
  email: string;
  password: string;
  token: string;
  /** The user's id. */
  owner: string;
}

/** Registers an account with the server. */
export async function register(server: Server, name: string): Promise<Account> {
  const email = `${name}@example.com`;
  const password = `${name}: correct horse battery`;
  const { status, body } = await post(server, '/auth/register', { email, password });
  if (status !== 201) throw new Error(`/auth/register answered ${status}: ${JSON.stringify(body)}`);
  return { email, password, ...(body as { token: string; owner: string }) };
}

/** Opens a new session of an account. */
export async function login(server: Server, { email, password }: Account): Promise<Account> {
  const { status, body } = await post(server, '/auth/login', { email, password });
  if (status !== 200) throw new Error(`/auth/login answered ${status}: ${JSON.stringify(body)}`);
  return { email, password, ...(body as { token: string; owner: string }) };
}

/** A stub, or a service with stubs. Their real types are tested in types.test.ts. */
export interface Stub {
  (...args: any[]): Promise<any>;
  [method: string]: Stub;
}
export type Client = Record<string, Stub>;

/** The generated client, or a module of it. */
export async function clientOf(app: Workspace, module = 'index.js'): Promise<Client> {
  if (fromPage) return (await moduleInPage(app, module)) as Client;
  return (await import(pathToFileURL(join(app.client, module)).href)) as Client;
}

/** Lets the client's next calls go to this server, for this account or for nobody. */
export function act(server: Server, account: Account | null): void {
  const config = { baseUrl: server.url, token: account?.token ?? null, transport };
  if (fromPage) configurePage(config);
  else configure({ ...config, webSocket });
}

/** The error a call rejects with. */
export async function failure(call: Promise<unknown>): Promise<Record<string, unknown> & Error> {
  return await call.then(
    (value) => {
      throw new Error(`The call answered ${JSON.stringify(value)}, where an error was expected`);
    },
    (error: unknown) => error as Record<string, unknown> & Error,
  );
}

/** Waits while a minute is about to end, so that a window of one minute holds what follows. */
export async function withinOneMinute(): Promise<void> {
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 5_000) await new Promise((done) => setTimeout(done, left + 50));
}
