// What every host says over HTTP, whatever the application: statuses, headers, bodies, logins, origins.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { logLines } from './support/log.ts';
import { type LogEntry, register, type Server, start } from './support/server.ts';
import { buildApp, type Workspace } from './support/workspace.ts';

let app: Workspace;
let server: Server;
const entries: LogEntry[] = [];

beforeAll(async () => {
  app = await buildApp('plain', { overlay: 'http' });
  process.env.HTTP_TEST_GREETING = 'Good day';
  const log = (entry: LogEntry) => void entries.push(entry);
  server = await start(app, { log, env: ['HTTP_TEST_GREETING', 'HTTP_TEST_UNSET'], base: '/api', limits: { deadlineMs: 2500, bodyKb: 8 }, cors: ['https://app.example'] });
});
beforeEach(() => {
  entries.length = 0;
});

const JSON_TYPE = { 'content-type': 'application/json' };

interface Sent {
  status: number;
  headers: Headers;
  text: string;
  json: { result?: unknown; error?: Record<string, unknown>; [key: string]: unknown };
}

async function send(path: string, init: RequestInit = {}, host = server): Promise<Sent> {
  const response = await fetch(host.url + path, { redirect: 'manual', ...init });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: text === '' ? {} : (JSON.parse(text) as Sent['json']) };
}

const call = (route: string, args: unknown = [], headers: Record<string, string> = {}, host = server): Promise<Sent> =>
  send(`/rpc/${route}`, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(args) }, host);

/** Milliseconds that a server's process has computed: other work on the machine adds none. */
function cpuTime({ pid = process.pid }: Server): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 13);
  return (Number(user) + Number(system)) * 10;
}

const auth = (action: string, body?: unknown, headers: Record<string, string> = {}, host = server): Promise<Sent> =>
  send(`/auth/${action}`, { method: 'POST', headers: { ...(body === undefined ? {} : JSON_TYPE), ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }, host);

const bearer = (token: unknown): Record<string, string> => ({ authorization: `Bearer ${String(token)}` });

/** What is logged may come a moment after the answer. */
const logged = async (count: number): Promise<LogEntry[]> => {
  await expect.poll(() => entries.length).toBe(count);
  return entries;
};

/** Sends bytes as they are and answers what comes back first. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(text));
    socket.once('data', (data) => {
      resolve(data.toString('latin1'));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

describe('calls', () => {
  test('are answered with the result as JSON that no cache keeps', async () => {
    const answer = await call('greet', ['Ada']);
    expect([answer.status, answer.json]).toEqual([200, { result: 'Hello, Ada' }]);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('x-kontract-call-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('without a body have no arguments, without a result an object without one', async () => {
    expect((await send('/rpc/mirror', { method: 'POST' })).json).toEqual({ result: [] });
    expect((await call('nothing')).text).toBe('{}');
  });

  test('answer under the base too, and the path is the same for both', async () => {
    const paths = await Promise.all(['/rpc/whoami', '/api/whoami?x=1'].map((path) => send(path, { method: 'POST' })));
    expect(paths.map(({ json }) => (json.result as { path: string }).path)).toEqual(['/api/whoami', '/api/whoami']);
  });

  test('see who calls', async () => {
    const answer = await call('whoami', [], { 'idempotency-key': 'call-1' });
    expect(answer.json.result).toMatchObject({
      sid: 'anonymous',
      owner: 'anonymous',
      tenant: 'main',
      perm: 4,
      method: 'POST',
      path: '/api/whoami',
      route: { name: 'whoami', egroup: 'probe' },
      isAnonymous: true,
      ugroups: [],
      session: { id: 'anonymous', perm: 4 },
      callId: 'call-1',
    });
    expect(answer.headers.get('x-kontract-call-id')).toBe('call-1');
  });

  test('see their headers, and the credentials not at all', async () => {
    const { token } = await register(server, 'headers');
    const headers = { ...bearer(token), cookie: 'a=1; __Host-kontract=secret; b=2', 'x-latin': 'caf\u00e9' };
    const seen = await call('headersSeen', [], headers);
    expect(seen.json.result).toMatchObject({ cookie: 'a=1; b=2', latin: 'caf\u00e9' });
    expect((seen.json.result as { names: string[] }).names).toEqual(expect.arrayContaining(['content-type', 'host', 'x-latin']));
    expect(seen.text).not.toContain('authorization');
    expect(seen.text).not.toContain('secret');
  });

  test('read only the environment variables that were listed', async () => {
    expect((await call('variable', ['HTTP_TEST_GREETING'])).json).toEqual({ result: 'Good day' });
    expect((await call('variable', ['HTTP_TEST_UNSET'])).json).toEqual({ result: null });
    for (const name of ['PATH', 'events', 'constructor', '__proto__x']) {
      expect((await call('variable', [name])).status, name).toBe(500);
    }
  });

  test('keep a route name with foreign characters apart from a path', async () => {
    expect((await call('gr%65et', ['Ada'])).status).toBe(200);
    for (const path of ['/rpc/', '/rpc/a/b', '/rpc/..%2fhealth', '/rpc/__proto__', '/nowhere', '/auth/constructor', '/auth/link', '/', '/healthy', '/rpc']) {
      expect((await send(path, { method: 'POST' })).status, path).toBe(404);
    }
    expect((await call('%E0%A4%A')).status).toBe(400);
    expect((await call('%zz')).status).toBe(400);
  });
});

describe('requests that are none', () => {
  const post = (body: string | Uint8Array, headers: Record<string, string> = JSON_TYPE) =>
    send('/rpc/mirror', { method: 'POST', headers, body: body as Uint8Array<ArrayBuffer> });

  test.each([
    ['text that is no JSON', '{"password": "hunter2"', 'body: expected JSON'],
    ['an object', '{}', 'body: expected an array of arguments'],
    ['a number', '1', 'body: expected an array of arguments'],
    ['null', 'null', 'body: expected an array of arguments'],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'body: expected JSON'],
    ['NUL in a string', '["a\\u0000"]', /^args\[0\]: expected string of well-formed Unicode/],
    ['a prototype', '[{"a":{"__proto__":{"admin":true}}}]', 'args[0].a.__proto__: a key that is not allowed'],
    ['deep nesting', `[${'['.repeat(150)}${']'.repeat(150)}]`, /nested deeper than 64 levels/],
  ])('%s: 400', async (_, body, message) => {
    const { status, json, text } = await post(body);
    expect(status).toBe(400);
    expect(json.error).toMatchObject({ code: 'INVALID_REQUEST', status: 400 });
    expect(json.error?.message).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
    expect(text).not.toContain('hunter2');
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'application/json; charset=utf-16'])(
    'the content type %s: 400',
    async (type) => {
      expect((await post('[]', { 'content-type': type })).json.error?.message).toMatch(/content type application\/json/);
    },
  );

  test('a content type with its character set passes', async () => {
    expect((await post('[1]', { 'content-type': 'Application/JSON; charset=UTF-8' })).json).toEqual({ result: [1] });
  });

  test('a compressed body: 400', async () => {
    expect((await post('[]', { ...JSON_TYPE, 'content-encoding': 'gzip' })).status).toBe(400);
  });

  test('too many arguments: 400', async () => {
    expect((await call('greet', ['a', 'b'])).json.error).toEqual({ code: 'INVALID_REQUEST', message: 'args: expected at most 1 element', status: 400, path: 'args' });
  });

  test('a body above the limit: 413, announced or not', async () => {
    expect((await post(JSON.stringify(['x'.repeat(9000)]))).status).toBe(413);
    expect((await post(JSON.stringify(['x'.repeat(3_000_000)]))).status).toBe(413);
    const stream = new ReadableStream({
      start(controller) {
        for (let chunk = 0; chunk < 20; chunk += 1) controller.enqueue(new TextEncoder().encode('x'.repeat(1000)));
        controller.close();
      },
    });
    const init = { method: 'POST', headers: JSON_TYPE, body: stream, duplex: 'half' } as RequestInit;
    expect((await send('/rpc/mirror', init)).status).toBe(413);
  });

  test('a body that does not arrive: 408', async () => {
    const answer = await raw('POST /rpc/mirror HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n[');
    expect(answer).toMatch(/^HTTP\/1\.1 408 .*connection: close/is);
  });

  test('a body that breaks off is no call', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write('POST /rpc/mirror HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n[');
    await sleep(50);
    socket.destroy();
    await sleep(50);
    expect((await send('/health')).status).toBe(200);
    expect(entries).toEqual([]);
  });

  test('headers without end: 431', async () => {
    expect(await raw(`GET /health HTTP/1.1\r\nHost: x\r\nx-long: ${'x'.repeat(200_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('what is no HTTP: 400', async () => {
    expect(await raw('HELO example.org\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  test.each([
    ['GET', '/rpc/greet', 'POST'],
    ['PUT', '/rpc/greet', 'POST'],
    ['GET', '/auth/login', 'POST'],
    ['POST', '/auth/me', 'GET, HEAD'],
    ['POST', '/health', 'GET, HEAD'],
  ])('%s %s: 405', async (method, path, allow) => {
    const answer = await send(path, { method });
    expect([answer.status, answer.headers.get('allow'), answer.json.error?.code]).toEqual([405, allow, 'INVALID_REQUEST']);
  });

  test.each(['a b', 'x'.repeat(129), 'ä'])('the idempotency key %s: 400', async (key) => {
    expect((await call('greet', ['Ada'], { 'idempotency-key': Buffer.from(key).toString('latin1') })).status).toBe(400);
  });
});

describe('errors', () => {
  test('of the application’s own reach the caller', async () => {
    expect((await call('missing')).json).toEqual({ error: { code: 'NOT_FOUND', message: 'Nothing here', status: 404 } });
    expect((await call('failFor', [422, 'INVALID_REQUEST'])).json.error).toEqual({ code: 'INVALID_REQUEST', message: 'told to fail', status: 422 });
    expect(entries).toEqual([]);
  });

  test('of any other kind go to the log only, with the call id', async () => {
    const answer = await call('fail', [], { 'idempotency-key': 'call-2' });
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({ error: { code: 'INTERNAL_ERROR', message: 'Internal error (details in the log, with the call id)', status: 500 } });
    expect(await logged(1)).toMatchObject([{ level: 'error', callId: 'call-2', route: 'fail' }]);
    expect(String((entries[0]?.error as Error | undefined)?.stack ?? entries[0]?.error)).toContain('hunter2');
  });

  test('with a status that is none are internal', async () => {
    for (const status of [200, 99, 600, 404.5]) {
      expect((await call('failFor', [status])).json.error?.code, String(status)).toBe('INTERNAL_ERROR');
    }
  });

  test('of the service ask to come back', async () => {
    const answer = await call('failFor', [503]);
    expect([answer.json.error?.code, answer.headers.get('retry-after')]).toEqual(['SERVICE_UNAVAILABLE', '1']);
  });

  test('a result that is too large is internal', async () => {
    expect((await call('big', [9000])).status).toBe(500);
    expect((await call('big', [8000])).status).toBe(200);
    expect(await logged(1)).toMatchObject([{ level: 'error', route: 'big' }]);
  });
});

describe('results with a status of their own', () => {
  test('apply status and headers', async () => {
    const answer = await call('respond', [201, { Location: '/1', 'Set-Cookie': 'a=1', 'Cache-Control': 'private' }, 'made']);
    expect([answer.status, answer.json]).toEqual([201, { result: 'made' }]);
    expect(['location', 'set-cookie', 'cache-control'].map((name) => answer.headers.get(name))).toEqual(['/1', 'a=1', 'private']);
  });

  test('have no body with 204 and redirects', async () => {
    const none = await call('respond', [204]);
    expect([none.status, none.text]).toEqual([204, '']);
    const redirect = await call('redirect', ['/elsewhere']);
    expect([redirect.status, redirect.text, redirect.headers.get('location')]).toEqual([302, '', '/elsewhere']);
  });

  test('may declare the JSON they are', async () => {
    expect((await call('respond', [200, { 'content-type': 'application/json' }])).status).toBe(200);
  });

  test.each([
    ['a line end in a value', { Location: '/\r\nSet-Cookie: admin=1' }],
    ['a line end in a name', { 'a\r\nb': '1' }],
    ['a page', { 'Content-Type': 'text/html' }],
    ['framing', { 'Content-Length': '1' }],
    ['transfer coding', { 'transfer-encoding': 'chunked' }],
    ['who may read it', { 'Access-Control-Allow-Origin': '*' }],
  ])('cannot say %s', async (_, headers) => {
    const answer = await call('respond', [200, headers]);
    expect(answer.status).toBe(500);
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(await logged(1)).toMatchObject([{ level: 'error', route: 'respond' }]);
  });

  test('cannot have a status that is none, nor redirect into a header', async () => {
    for (const status of [100, 199, 600]) expect((await call('respond', [status])).status).toBe(500);
    expect((await call('redirect', ['/\r\nSet-Cookie: a=1'])).status).toBe(500);
  });
});

describe('time', () => {
  const running = async (id: string): Promise<void> => {
    await expect.poll(async () => (await call('isRunning', [id])).json.result).toBe(true);
  };

  test('a call past its deadline is answered 504 and told so', async () => {
    const lines = logLines('http');
    const answer = await call('hang', [], { 'idempotency-key': 'call-3' });
    expect(answer.json.error).toMatchObject({ code: 'TIMEOUT', status: 504 });
    await expect.poll(() => lines).toEqual(['[http] aborted call-3']);
  });

  test('a caller who leaves ends the call', async () => {
    const lines = logLines('http');
    const controller = new AbortController();
    const init = { method: 'POST', headers: { 'idempotency-key': 'call-4' }, signal: controller.signal };
    const left = fetch(`${server.url}/rpc/hang`, init);
    await running('call-4');
    controller.abort();
    await expect(left).rejects.toThrow();
    await expect.poll(() => lines).toEqual(['[http] aborted call-4']);
    expect(entries).toEqual([]);
  });

  test('work that outlives the answer goes on, and what it throws is logged', async () => {
    const lines = logLines('http');
    expect((await call('background', [], { 'idempotency-key': 'call-5' })).status).toBe(200);
    await expect.poll(() => lines).toEqual(['[http] finished call-5']);
    expect(await logged(1)).toMatchObject([{ level: 'error', message: 'waitUntil failed', callId: 'call-5' }]);
  });

  test('more calls than the server takes at a time: 503', async () => {
    const small = await start(app, { limits: { inFlight: 2, deadlineMs: 3000 } });
    const statuses = (await Promise.all([1, 2, 3].map(() => call('hang', [], {}, small)))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([503, 504, 504]);
  });

  test('closing lets a running call finish and refuses new connections', async () => {
    const closing = await start(app, { limits: { deadlineMs: 3000 } });
    const last = call('hang', [], { 'idempotency-key': 'closing' }, closing);
    await expect.poll(async () => (await call('isRunning', ['closing'], {}, closing)).json.result).toBe(true);
    const closed = closing.close();
    expect((await last).status).toBe(504);
    await closed;
    await expect(fetch(`${closing.url}/health`)).rejects.toThrow();
  });
});

test('health and readiness are told', async () => {
  expect((await send('/health')).json).toEqual({ status: 'ok' });
  expect((await send('/ready')).json).toEqual({ status: 'ready' });
  expect((await send('/health', { method: 'HEAD' })).status).toBe(200);
});

describe('accounts', () => {
  test('are made, logged in and told of themselves', async () => {
    const made = await auth('register', { email: 'Ada@Example.com', password: 'correct horse' });
    expect(made.status).toBe(201);
    expect(Object.keys(made.json).sort()).toEqual(['owner', 'token']);
    expect(made.json.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const login = await auth('login', { email: 'ADA@example.com', password: 'correct horse' });
    expect([login.status, login.json.owner]).toEqual([200, made.json.owner]);
    expect(login.json.token).not.toBe(made.json.token);
    const me = await send('/auth/me', { headers: { authorization: `bearer ${String(login.json.token)}` } });
    expect(me.json).toEqual({ owner: made.json.owner, email: 'ada@example.com', isAnonymous: false, perm: 7, ugroups: [] });
  });

  test('have an e-mail address of their own, in any case and at the same time', async () => {
    const credentials = { email: 'taken@example.com', password: 'correct horse' };
    const answers = await Promise.all([auth('register', credentials), auth('register', { ...credentials, email: 'TAKEN@example.com' })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect((await auth('register', credentials)).json.error).toEqual({ code: 'CONFLICT', message: 'This e-mail address has an account already', status: 409 });
  });

  test('are closed to wrong passwords and unknown users alike', async () => {
    await register(server, 'grace');
    const wrong = await auth('login', { email: 'grace@example.com', password: 'wrong horse' });
    expect(wrong.json).toEqual({ error: { code: 'UNAUTHORIZED', message: 'Unauthorized', status: 401 } });
    for (const email of ['nobody@example.com', `${'x'.repeat(300)}@example.com`, 'a\0@example.com', '']) {
      expect((await auth('login', { email, password: 'wrong horse' })).json).toEqual(wrong.json);
    }
  });

  test('unknown users cost what known ones do', async () => {
    await register(server, 'timing');
    const cost = { known: 0, unknown: 0 };
    const login = async (kind: keyof typeof cost, email: string): Promise<void> => {
      const before = cpuTime(server);
      await auth('login', { email, password: 'wrong horse' });
      cost[kind] += cpuTime(server) - before;
    };
    for (let round = 0; round < 6; round += 1) {
      await login('known', 'timing@example.com');
      await login('unknown', `unknown${round}@example.com`);
    }
    expect(cost.unknown / cost.known).toBeGreaterThan(0.3);
  });

  test.each([
    ['no body', undefined],
    ['a list', []],
    ['no password', { email: 'a@b.example' }],
    ['a password that is no text', { email: 'a@b.example', password: 12345678 }],
    ['an object as e-mail address', { email: { $ne: null }, password: 'correct horse' }],
    ['a field too much', { email: 'a@b.example', password: 'correct horse', perm: 7 }],
    ['a short password', { email: 'a@b.example', password: '1234567' }],
    ['a password without end', { email: 'a@b.example', password: 'x'.repeat(1025) }],
    ['an address without a domain', { email: 'ada', password: 'correct horse' }],
    ['an address with a hidden character', { email: 'a\u200b@b.example', password: 'correct horse' }],
    ['an address with NUL', { email: 'a\0@b.example', password: 'correct horse' }],
  ])('are not made with %s', async (_, body) => {
    const answer = await auth('register', body);
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('correct horse');
  });

  test('a body above a few kilobytes: 413; calls in bytes are no logins', async () => {
    expect((await auth('login', { email: 'a@b.example', password: 'x'.repeat(10_000) })).status).toBe(413);
    const headers = { 'content-type': 'application/x-kontract' };
    const login = await send('/auth/login', { method: 'POST', headers, body: '{}' });
    expect(login.json.error).toMatchObject({ status: 400, message: 'body: expected the content type application/json' });
  });

  test('guessing a password is slowed down', async () => {
    const { email, password } = await register(server, 'guessed');
    const statuses = new Set<number>();
    for (let guess = 0; guess < 10; guess += 1) statuses.add((await auth('login', { email, password: `guess ${guess}` })).status);
    expect([...statuses]).toEqual([401]);
    const refused = await auth('login', { email, password });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  });
});

describe('sessions', () => {
  test('end at logout, for all that they were', async () => {
    const { token } = await register(server, 'out');
    expect((await call('whoami', [], bearer(token))).status).toBe(200);
    expect((await auth('logout', undefined, bearer(token))).status).toBe(204);
    expect((await call('whoami', [], bearer(token))).json.error).toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
    expect((await auth('logout', undefined, bearer(token))).status).toBe(401);
    expect((await auth('logout')).status).toBe(401);
    expect((await send('/auth/me')).status).toBe(401);
  });

  test('without an account have a user of their own who may read', async () => {
    const [first, second] = await Promise.all([auth('anonymous'), auth('anonymous', {})]);
    expect([first?.status, second?.status]).toEqual([201, 201]);
    expect(first?.json.owner).not.toBe(second?.json.owner);
    const headers = bearer(first?.json.token);
    expect((await call('whoami', [], headers)).json.result).toMatchObject({ owner: first?.json.owner, isAnonymous: true, session: { perm: 4 } });
    expect((await send('/auth/me', { headers })).json.email).toBeNull();
    expect((await auth('logout', undefined, headers)).status).toBe(204);
  });

  test('show an id that is no credential', async () => {
    const { token, owner } = await register(server, 'sid');
    const seen = (await call('whoami', [], bearer(token))).json.result as { sid: string; owner: string };
    expect(seen.owner).toBe(owner);
    expect(seen.sid).not.toBe(token);
    expect((await call('whoami', [], bearer(seen.sid))).status).toBe(401);
  });

  test('may come in a cookie', async () => {
    const { token, owner } = await register(server, 'cookie');
    expect((await call('whoami', [], { cookie: `theme=dark; __Host-kontract=${token}; x=1` })).json.result).toMatchObject({ owner });
    expect((await call('whoami', [], { cookie: '__Host-kontract=wrong', ...bearer(token) })).status).toBe(200);
  });

  test.each<Record<string, string>>([
    { authorization: 'Basic YTpi' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer a b' },
    { authorization: 'Bearer wrong' },
    { cookie: '__Host-kontract=wrong' },
    { cookie: '__Host-kontract=' },
    { cookie: '__Host-kontract=a; __Host-kontract=b' },
  ])('are not found by %o', async (headers) => {
    expect((await call('greet', ['Ada'], headers)).status).toBe(401);
  });

  test('live as long as the configuration says, and may be asked of everyone', async () => {
    const closed = await start(app, { auth: { allowAnonymous: false, sessionTtlSeconds: 60 } });
    expect((await call('greet', ['Ada'], {}, closed)).status).toBe(401);
    expect((await auth('anonymous', undefined, {}, closed)).status).toBe(401);
    const { token } = await register(closed, 'short');
    const { result } = (await call('whoami', [], bearer(token), closed)).json as { result: { session: { expiresAt: string } } };
    const left = Date.parse(result.session.expiresAt) - Date.now();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60_000);
    const brief = await start(app, { auth: { allowAnonymous: false, sessionTtlSeconds: 1 } });
    const ends = await register(brief, 'brief');
    await expect.poll(async () => (await call('whoami', [], bearer(ends.token), brief)).status).toBe(401);
  });

  test('end when groups change, and the next one knows them', async () => {
    const root = await register(server, 'root');
    expect((await call('setGroups', [root.owner, ['x']], bearer(root.token))).json.error).toMatchObject({ code: 'FORBIDDEN' });
    await server.auth.grant(root.email, 'admin');
    const { token } = (await auth('login', { email: root.email, password: root.password })).json;
    const admin = bearer(token);
    expect((await call('whoami', [], admin)).json.result).toMatchObject({ ugroups: ['admin'] });
    const member = await register(server, 'member');
    expect((await call('whoami', [], bearer(member.token))).status).toBe(200);
    expect((await call('setGroups', [member.owner, ['a', 'b', 'a']], admin)).json).toEqual({});
    expect((await call('whoami', [], bearer(member.token))).status).toBe(401);
    const back = (await auth('login', { email: member.email, password: member.password })).json;
    expect((await send('/auth/me', { headers: bearer(back.token) })).json.ugroups).toEqual(['a', 'b']);
    expect((await call('setGroups', ['nobody', []], admin)).status).toBe(404);
  });
});

describe('pages', () => {
  const greet = async (headers: Record<string, string>): Promise<number> => (await call('greet', ['Ada'], headers)).status;

  test('of the server’s own and of listed origins may call', async () => {
    expect(await greet({ origin: server.url })).toBe(200);
    const answer = await call('greet', ['Ada'], { origin: 'https://app.example' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
    expect(answer.headers.get('vary')).toBe('Origin');
  });

  test.each(['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'https://app.example:8443', 'https://APP.example', 'null', '', 'file://', 'http://127.0.0.1'])(
    'of %s may not',
    async (origin) => {
      const answer = await call('greet', ['Ada'], { origin });
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([403, null]);
      expect((await auth('anonymous', undefined, { origin })).status).toBe(403);
    },
  );

  /** Headers that `fetch` sets itself. */
  const ask = (headers: Record<string, string>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const sent = request(`${server.url}/rpc/mirror`, { method: 'POST', headers });
      sent.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject).end();
    });

  test('that hide their origin may not', async () => {
    expect(await ask({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await ask({ 'sec-fetch-site': 'same-origin' })).toBe(200);
  });

  test('of a foreign name that leads to this machine are foreign', async () => {
    const { port } = new URL(server.url);
    const named = (host: string) => ask({ host: `${host}:${port}`, origin: `http://${host}:${port}` });
    expect(await named('evil.example')).toBe(403);
    expect(await named('localhost')).toBe(200);
    expect(await named('app.localhost')).toBe(200);
  });

  test('ask before, and are answered where they may call', async () => {
    const preflight = (origin: string) => send('/rpc/greet', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });
    const allowed = await preflight('https://app.example');
    expect([allowed.status, allowed.headers.get('access-control-allow-methods')]).toEqual([204, 'GET, POST']);
    expect(allowed.headers.get('access-control-allow-headers')).toMatch(/authorization, content-type/);
    const refused = await preflight('https://evil.example');
    expect([refused.status, refused.headers.get('access-control-allow-methods')]).toEqual([403, null]);
  });
});

test('what is secret is in no answer and no log entry', async () => {
  const secret = 'hunter3hunter3';
  const answers: string[] = [];
  const post = async (path: string, body: string, headers: Record<string, string> = {}): Promise<void> => {
    answers.push((await send(path, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body })).text);
  };
  await post('/auth/login', `{"email":"ada@example.com","password":"${secret}"}`);
  await post('/auth/login', `{"email":"ada@example.com","password":"${secret}`);
  await post('/auth/register', `{"email":"${secret}","password":"${secret}"}`);
  await post('/auth/register', `{"password":"${secret}","${secret}":1}`);
  await post('/rpc/fail', '[]', { authorization: `Bearer ${secret}` });
  await post('/rpc/fail', '[]', { authorization: `Basic ${secret}` });
  await post('/rpc/fail', '[]', { cookie: `__Host-kontract=${secret}` });
  await post('/rpc/fail', `["${secret}"]`);
  await post('/rpc/fail', '[]', { 'x-api-key': secret });
  expect(answers).toHaveLength(9);
  expect(answers.join()).not.toContain(secret);
  await logged(1);
  expect(JSON.stringify(entries) + String((entries[0]?.error as Error | undefined)?.stack)).not.toContain(secret);
});
