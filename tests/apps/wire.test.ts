// What travels: both forms of a call, checked against the declared types on the way in and out.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { configure, HttpError, StaleClientError } from 'kontract/client';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Account, act, type Client, clientOf, failure, post, register, rpc, type Server, start } from './support/server.ts';
import { buildApp, type Workspace } from './support/workspace.ts';

let app: Workspace;
let client: Client;
let server: Server;
let ada: Account;
let contracts: Record<string, { abi: string; accepts: string[] }>;
const log: { error?: unknown }[] = [];

const person = { name: 'Ada', age: 36, address: { street: 'Main' }, tags: ['a', 'b'] };

beforeAll(async () => {
  app = await buildApp('conduit', { overlay: 'wire' });
  client = await clientOf(app);
  server = await start(app, { log: (entry) => log.push(entry) });
  ada = await register(server, 'ada');
  act(server, ada);
  contracts = JSON.parse(await readFile(join(app.dist, 'manifest.json'), 'utf8')).routes;
});

/** The functions of a module's generated codec. */
async function codecOf(path: string): Promise<Record<string, (value: unknown) => any>> {
  return await import(pathToFileURL(join(app.dist, 'codec', `${path}.js`)).href);
}

/** Calls a route in bytes. */
function bytes(route: string, body: Uint8Array, abi = contracts[route]!.abi, token?: string): Promise<Response> {
  const headers = new Headers({ 'content-type': 'application/x-kontract', 'x-kontract-abi': abi });
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  return fetch(`${server.url}/rpc/${route}`, { method: 'POST', headers, body: body as Uint8Array<ArrayBuffer> });
}

describe('values of the declared types', () => {
  const everything = {
    big: -(2n ** 63n),
    at: new Date('2026-02-28T12:00:00.123Z'),
    bytes: new Uint8Array([0, 255, 128]),
    counts: new Map([['b', -0], ['a', 1.5]]),
    names: new Set(['x', 'ä€😀']),
    maybe: null,
    shapes: [{ kind: 'circle', radius: 1 }, { kind: 'square', side: 2 }],
    pair: [-7],
    data: { deep: [1, 'x', null, { y: true }] },
  };

  test('come back through the client as they were', async () => {
    expect(await client.mirrorEverything!(everything)).toStrictEqual(everything);
    expect(await client.mirrorEverything!({ ...everything, pair: [1, 'x'], counts: new Map([['n', Number.NaN]]) })).toStrictEqual({
      ...everything,
      pair: [1, 'x'],
      counts: new Map([['n', Number.NaN]]),
    });
  });

  test('have a form in JSON', async () => {
    const json = {
      big: '-9223372036854775808',
      at: '2026-02-28T12:00:00.123Z',
      bytes: 'AP+A',
      counts: [['b', 0], ['a', 1.5]],
      names: ['x', 'ä€😀'],
      maybe: null,
      shapes: everything.shapes,
      pair: [-7],
      data: everything.data,
    };
    expect(await rpc(server, 'mirrorEverything', [json])).toMatchObject({ status: 200, body: { result: json } });
  });

  test('may be left out where they are optional', async () => {
    expect(await client.describePerson!(person)).toBe('Ada, 36, Main, no zip, no password');
    expect(await client.describePerson!({ ...person, address: { street: 'Main', zip: null }, password: 'p' }, true)).toBe('ADA, 36, MAIN, NO ZIP, P');
    expect((await rpc(server, 'describePerson', [person])).body).toEqual({ result: 'Ada, 36, Main, no zip, no password' });
    expect((await rpc(server, 'describePerson', [person, null])).body).toEqual({ result: 'Ada, 36, Main, no zip, no password' });
  });
});

describe('arguments of another type', () => {
  const wrong: [what: string, args: unknown[], path: string][] = [
    ['a number for text', [{ ...person, name: 1 }], 'args[0].name'],
    ['text for a number', [{ ...person, age: '36' }], 'args[0].age'],
    ['a fraction for an integer', [{ ...person, age: 1.5 }], 'args[0].age'],
    ['an integer out of range', [{ ...person, age: 2 ** 31 }], 'args[0].age'],
    ['a missing field', [{ ...person, tags: undefined }], 'args[0].tags'],
    ['a fault in depth', [{ ...person, address: { street: 'Main', zip: 5 } }], 'args[0].address.zip'],
    ['a fault in a list', [{ ...person, tags: ['a', null] }], 'args[0].tags[1]'],
    ['half a surrogate pair', [{ ...person, name: '\ud800' }], 'args[0].name'],
    ['NUL', [{ ...person, name: '\0' }], 'args[0].name'],
    ['the wrong second argument', [person, 'yes'], 'args[1]'],
    ['no argument', [], 'args[0]'],
  ];

  test.each(wrong)('%s is refused by the client, with its place', async (_, args, path) => {
    let sent = 0;
    configure({ fetch: (...request) => ((sent += 1), fetch(...request)) });
    try {
      const error = await failure(client.describePerson!(...args));
      expect(error).toBeInstanceOf(HttpError);
      expect(error).toMatchObject({ status: 400, code: 'INVALID_REQUEST', path });
      expect(sent).toBe(0);
    } finally {
      configure({ fetch: undefined });
    }
  });

  test.each([
    ...wrong,
    ['a field that is not declared', [{ ...person, admin: true }], 'args[0].admin'],
    ['a prototype', [JSON.parse('{"name":"a","age":1,"address":{"street":"","__proto__":{}},"tags":[]}')], 'args[0].address.__proto__'],
    ['too many arguments', [person, true, 1], 'args'],
  ] as typeof wrong)('%s is refused in JSON, with its place', async (_, args, path) => {
    const { status, body } = await rpc(server, 'describePerson', args);
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: { code: 'INVALID_REQUEST', status: 400, path } });
    expect((body as { error: Error }).error.message.startsWith(`${path}: `)).toBe(true);
  });

  test('are refused in bytes', async () => {
    const codec = await codecOf('probe/wire');
    const whole: Uint8Array = codec.describePerson_encodeRequest!([person]);
    for (const body of [new Uint8Array(), whole.subarray(0, whole.length - 9), new Uint8Array(64).fill(255)]) {
      const answer = await bytes('describePerson', body);
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(await answer.json()).toMatchObject({ error: { code: 'INVALID_REQUEST', status: 400 } });
    }
    // Written for a function with other parameters.
    const foreign = codec.createPerson_encodeRequest!(['x']);
    expect((await bytes('describePerson', foreign)).status).toBe(400);
  });

  test('are not looked at where the caller lacks the permission', async () => {
    expect(await rpc(server, 'guardedPerson', [1])).toMatchObject({ status: 403 });
    expect((await bytes('guardedPerson', new Uint8Array())).status).toBe(403);
    expect(await rpc(server, 'guardedPerson', [1], ada.token)).toMatchObject({ status: 400, body: { error: { path: 'args[0]' } } });
    expect((await bytes('guardedPerson', new Uint8Array(), undefined, ada.token)).status).toBe(400);
    expect(await client.guardedPerson!(person)).toBe('Ada');
  });
});

describe('a result', () => {
  const declared = { name: 'ada', age: 36, address: { street: 'Main', zip: null }, tags: ['a'] };

  test('holds what is declared and readable, in both forms', async () => {
    expect(await client.people!()).toStrictEqual([declared]);
    expect((await rpc(server, 'people')).body).toEqual({ result: [declared] });
    const codec = await codecOf('probe/wire');
    const answer = await bytes('people', codec.people_encodeRequest!([]));
    const body = Buffer.from(await answer.arrayBuffer());
    expect(answer.headers.get('content-type')).toBe('application/x-kontract');
    expect(body.includes('canary')).toBe(false);
    expect(codec.people_decodeResponse!(new Uint8Array(body))).toStrictEqual([declared]);
  });

  test('that lacks a field is the server’s fault; the place stands in the log only', async () => {
    for (const call of [() => rpc(server, 'halfPerson').then(({ body }) => (body as { error: object }).error), () => failure(client.halfPerson!())]) {
      log.length = 0;
      const error = await call();
      expect(error).toMatchObject({ code: 'INTERNAL_ERROR', status: 500, message: 'Internal error (details in the log, with the call id)' });
      expect(JSON.stringify(error)).not.toContain('street');
      expect(String(log[0]?.error)).toContain('the result does not match its declared type: result.address.street: expected string');
    }
  });

  test('keeps its status and headers', async () => {
    const created = { name: 'eve', age: 1, address: { street: 'Main' }, tags: [] };
    expect(await client.createPerson!('eve')).toStrictEqual(created);
    const json = await rpc(server, 'createPerson', ['eve']);
    expect([json.status, json.headers.get('location'), json.body]).toEqual([201, '/people/eve', { result: created }]);
    const codec = await codecOf('probe/wire');
    const binary = await bytes('createPerson', codec.createPerson_encodeRequest!(['eve']));
    expect([binary.status, binary.headers.get('location')]).toEqual([201, '/people/eve']);
    expect(codec.createPerson_decodeResponse!(new Uint8Array(await binary.arrayBuffer()))).toStrictEqual(created);
  });

  test('without a body is null', async () => {
    expect(await client.forgetPerson!('eve')).toBeNull();
    const codec = await codecOf('probe/wire');
    const binary = await bytes('forgetPerson', codec.forgetPerson_encodeRequest!(['eve']));
    expect([binary.status, binary.headers.get('x-forgotten'), await binary.text()]).toEqual([204, 'eve', '']);
    expect((await rpc(server, 'forgetPerson', ['eve'])).status).toBe(204);
  });
});

describe('a contract', () => {
  test('that the server does not know is an old client’s', async () => {
    const codec = await codecOf('probe/wire');
    const body = codec.people_encodeRequest!([]);
    const answer = await bytes('people', body, 'sha256:0000');
    expect(answer.status).toBe(409);
    expect(await answer.json()).toEqual({
      error: { code: 'STALE_CLIENT', message: 'This client was built for an older version of people', status: 409 },
    });
    for (const abi of contracts.people!.accepts) expect((await bytes('people', body, abi)).status).toBe(200);
    const json = await fetch(`${server.url}/rpc/people`, { method: 'POST', headers: { 'x-kontract-abi': 'sha256:0000' } });
    expect(json.status).toBe(409);
  });

  test('must be named with bytes', async () => {
    const headers = { 'content-type': 'application/x-kontract' };
    const answer = await fetch(`${server.url}/rpc/people`, { method: 'POST', headers });
    expect(await answer.json()).toMatchObject({ error: { code: 'INVALID_REQUEST', status: 400 } });
    expect((await post(server, '/rpc/people')).status).toBe(200);
  });

  test('is named by the stub; a refusal is a StaleClientError', async () => {
    const seen: (string | null)[] = [];
    configure({
      fetch: async (url, init) => {
        seen.push(new Headers(init?.headers).get('x-kontract-abi'));
        const headers = new Headers(init?.headers);
        headers.set('x-kontract-abi', 'sha256:0000');
        return await fetch(url, { ...init, headers });
      },
    });
    try {
      expect(await failure(client.people!())).toBeInstanceOf(StaleClientError);
      expect(seen).toEqual([contracts.people!.abi]);
    } finally {
      configure({ fetch: undefined });
    }
  });
});
