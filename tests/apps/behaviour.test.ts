import { HttpError, PermissionError } from 'kontract/client';
import { beforeAll, describe, expect, test } from 'vitest';
import { logLines } from './support/log.ts';
import { type Account, act, type Client, clientOf, failure, register, rpc, type Server, start } from './support/server.ts';
import { buildApp } from './support/workspace.ts';

let client: Client;
let server: Server;
let ada: Account;

const draft = (title: string, ...tagList: string[]) => ({ title, description: 'About', body: 'Body', tagList });

beforeAll(async () => {
  const app = await buildApp('conduit', { overlay: 'behaviour' });
  client = await clientOf(app);
  server = await start(app, { log: () => {} });
  ada = await register(server, 'ada');
  act(server, ada);
  await client.createProfile('ada');
});

describe('the context', () => {
  test('tells a function about its call; ctx.perm is the function’s own mask', async () => {
    act(server, ada);
    expect(await client.whereAmI()).toEqual({
      perm: 5,
      path: '/rpc/whereAmI',
      name: 'whereAmI',
      egroup: 'probe',
      method: 'POST',
      isAnonymous: false,
      ugroups: [],
      sessionPerm: 7,
    });
    act(server, null);
    expect(await failure(client.whereAmI())).toBeInstanceOf(PermissionError);
  });
});

describe('permissions of the storage', () => {
  test('keep a field that may be set once only', async () => {
    act(server, ada);
    await client.createArticle(draft('Signed'));
    const error = await failure(client.forgeAuthor('signed', 'somebody'));
    expect(error).toBeInstanceOf(PermissionError);
    expect(error).toMatchObject({
      status: 403,
      code: 'PERMISSION_DENIED',
      message: "Field 'authorId' is read-only",
    });
    expect((await client.getArticle('signed')).author.username).toBe('ada');
  });

  test('ask for W even where the route asks for nothing', async () => {
    expect(await rpc(server, 'scribble')).toMatchObject({
      status: 403,
      body: { error: { code: 'PERMISSION_DENIED', message: 'Cannot write table profiles', status: 403 } },
    });
    act(server, null);
    expect(await failure(client.getProfile('scribble'))).toMatchObject({ status: 404 });
    act(server, ada);
    expect(await client.scribble()).toBeUndefined();
    expect(await client.getProfile('scribble')).toMatchObject({ username: 'scribble' });
  });
});

describe('arguments', () => {
  test('that are absent are undefined, those that are null stay null where null is allowed', async () => {
    act(server, ada);
    expect(await client.arrivals('a')).toEqual(['a', 'absent', true, 'default', []]);
    expect(await client.arrivals('a', undefined, undefined, null)).toEqual(['a', 'absent', true, null, []]);
    expect(await client.arrivals('a', 1, false, 'b', 'c', 2)).toEqual(['a', 'number', false, 'b', ['c', 2]]);
    expect((await rpc(server, 'whatArrived', ['a', null, null, null, 1])).body).toEqual({
      result: ['a', 'absent', true, null, [1]],
    });
    expect((await rpc(server, 'arrivals', ['a'])).status).toBe(404);
  });

  test('and results keep their JSON to the letter', async () => {
    act(server, ada);
    const value = {
      text: 'ä€😀\u0001\u2028"\\',
      numbers: [0, -1, 1.5, 1e21, 5e-324],
      nothing: null,
      deep: [[[{ a: [true, false] }]]],
      '': { ' ': [] },
    };
    expect(await client.mirror(value)).toEqual(value);
    expect((await rpc(server, 'mirror', [value])).body).toEqual({ result: value });
    expect(await rpc(server, 'mirror', [{ text: 'a\u0000' }])).toMatchObject({
      status: 400,
      body: { error: { code: 'INVALID_REQUEST', status: 400 } },
    });
  });

  test('may be called options, as the stub’s own last one', async () => {
    act(server, ada);
    expect(await client.choose(['x', 'y'])).toBe('x');
    expect(await client.choose(['x', 'y'], 'last')).toBe('y');
    const signal = AbortSignal.abort(new Error('given up'));
    expect(await failure(client.choose(['x', 'y'], 'last', { signal }))).toMatchObject({ message: 'given up' });
  });
});

describe('a backend function', () => {
  test('calls another as a plain function, without its middlewares', async () => {
    act(server, ada);
    await client.createArticle(draft('Newest'));
    const lines = logLines('conduit');
    const page = await client.latestTitles(1);
    expect(page.items).toEqual([[1, 'Newest']]);
    await expect.poll(() => lines).toEqual([`[conduit] latestTitles (probe) by ${ada.owner}: ok`]);
  });

  test('is not reached where a middleware answers in its place', async () => {
    act(server, ada);
    await client.createArticle(draft('Cached', 'kept'));
    expect(await client.listTags()).toContain('kept');
    await client.loseArticle('cached');
    expect(await client.listTags()).toContain('kept');
    expect((await client.popularTags()).map(({ tag }: { tag: string }) => tag)).not.toContain('kept');
  });

  test('that fails unexpectedly tells nothing of it', async () => {
    const { status, body } = await rpc(server, 'stumble');
    expect(status).toBe(500);
    expect(body).toEqual({
      error: { code: 'INTERNAL_ERROR', message: 'Internal error (details in the log, with the call id)', status: 500 },
    });
    act(server, null);
    const error = await failure(client.stumble());
    expect(error).toBeInstanceOf(HttpError);
    expect(JSON.stringify({ ...error, message: error.message })).not.toContain('hunter2');
  });
});
