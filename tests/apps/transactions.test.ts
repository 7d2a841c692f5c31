// Transactions of a function's own, work after the commit, operations without a transaction, and SQL.
import { serve } from 'kontract/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, stopSharedPostgres } from './support/gateway.ts';
import { startNode } from './support/node.ts';
import { buildProject, type Workspace } from './support/workspace.ts';

interface Host {
  url: string;
  close(): Promise<unknown>;
}

const MEMORY = 'Node.js in memory';

const HOSTS: Record<string, (app: Workspace) => Promise<Host>> = {
  'the gateway': (app) => startGateway(app, { config: '[server]\negress = ["loopback"]' }),
  'Node.js': (app) => startNode(app),
  [MEMORY]: ({ dist }) => serve({ dist, port: 0 }),
};

let app: Workspace;
beforeAll(async () => {
  app = await buildProject('transactions');
}, 120_000);
afterAll(stopSharedPostgres);

describe.each(Object.entries(HOSTS))('on %s', (name, start) => {
  let host: Host;
  beforeAll(async () => {
    host = await start(app);
  }, 120_000);
  afterAll(() => host.close());

  /** The result, or the error's code with its message. */
  async function call(route: string, ...args: unknown[]): Promise<unknown> {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(args) };
    const response = await fetch(`${host.url}/rpc/${route}`, init);
    const { result, error } = (await response.json()) as { result?: unknown; error?: { status: number; message: string } };
    return response.ok ? result : `${error!.status} ${error!.message}`;
  }

  /** A call with an `Idempotency-Key`. */
  async function send(key: string, id: string, token?: string, route = 'keyed'): Promise<string> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    return (await fetch(`${host.url}/rpc/${route}`, { method: 'POST', headers, body: JSON.stringify([id]) })).text();
  }

  async function signIn(): Promise<string> {
    const response = await fetch(`${host.url}/auth/anonymous`, { method: 'POST' });
    return ((await response.json()) as { token: string }).token;
  }

  /** Waits until the counters are these. */
  async function become(ids: string[], expected: (number | null)[]): Promise<void> {
    for (let tries = 0; tries < 100; tries += 1) {
      if (JSON.stringify(await call('values', ids)) === JSON.stringify(expected)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await call('values', ids)).toEqual(expected);
  }

  test('what a transaction has committed stays though the call fails', async () => {
    expect(await call('several')).toBe('418 [2,"no",null]');
    expect(await call('values', ['first', 'second', 'third'])).toEqual([2, null, null]);
  });

  test('transactions of a call do not overlap', async () => {
    expect(await call('overlapping')).toEqual([
      'A transaction is open already: env.storage.transaction calls cannot overlap',
      'This call has written outside of env.storage.transaction before: write in transactions only, or in none',
    ]);
  });

  test('a conflict runs the transaction again, and not the call', async () => {
    let [calls, runs] = [0, 0];
    // That two meet is likely, and not certain.
    while (runs === calls && calls < 160) {
      const answers = (await Promise.all(Array.from({ length: 8 }, () => call('raiseInTransaction', 'hot')))) as [number, number][];
      expect(answers.map(([n]) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: 8 }, (_, i) => calls + i + 1));
      calls += 8;
      runs += answers.reduce((sum, [, one]) => sum + one, 0);
    }
    expect(runs).toBeGreaterThan(calls);
    expect(await call('calls')).toBe(calls);
  });

  test('what is given to afterCommit runs after success', async () => {
    expect(await call('hooked', true)).toBe('418 fails');
    expect(await call('hooked', false)).toBeUndefined();
    await become(['hooked', 'after', 'own transaction'], [1, 1, 1]);
  });

  test('operations without a transaction apply at once', async () => {
    for (const id of await (call('consume') as Promise<string[]>)) expect(id).toBeTypeOf('string');
    expect(await call('atOnce')).toBe('418 [2,1,"Row not found in table counters","Conflict, try again",false,true,3,null,null]');
    expect(await call('values', ['kept'])).toEqual([5]);
  });

  test('what many push many take once', async () => {
    await call('consume');
    await Promise.all(Array.from({ length: 4 }, () => call('produce', 25)));
    const taken = (await Promise.all(Array.from({ length: 4 }, () => call('consume')))) as string[][];
    const rest = (await call('consume')) as string[];
    const all = [...taken.flat(), ...rest];
    expect([all.length, new Set(all).size]).toEqual([100, 100]);
  });

  test('work that outlives its call uses tables without a transaction', async () => {
    expect(await call('later', 'later', false)).toBeUndefined();
    await become(['later'], [3]);
    // Of a call that failed, too.
    expect(await call('later', 'late', true)).toBe('418 fails');
    await become(['late'], [2]);
  });

  test('a call that is sent again gets the first answer', async () => {
    expect(await send('k1', 'x')).toBe('{"result":[1,1]}');
    expect(await send('k1', 'x')).toBe('{"result":[1,1]}');
    expect(await send('k2', 'x')).toBe('{"result":[2,2]}');
    // Callers without a login share a session: a key is a call's only with its arguments.
    expect(await send('k1', 'y')).toBe('{"result":[1,1]}');
    const both = await Promise.all([send('k3', 'x'), send('k3', 'x')]);
    expect(new Set(both).size).toBe(1);
    expect(await call('values', ['x', 'y'])).toEqual([3, 1]);
  });

  test('a key is its user\'s, and means one call', async () => {
    const [ada, bob] = await Promise.all([signIn(), signIn()]);
    expect(await send('k', 'own', ada)).toBe('{"result":[1,1]}');
    expect(await send('k', 'own', bob)).toBe('{"result":[2,2]}');
    expect(await send('k', 'own', ada)).toBe('{"result":[1,1]}');
    expect(await send('k', 'other', ada)).toContain('"code":"INVALID_REQUEST"');
    expect(await call('values', ['own', 'other'])).toEqual([2, null]);
  });

  test('a call whose answer was too large to be kept is not made again', async () => {
    const ada = await signIn();
    expect((await send('large', 'large', ada, 'keyedLarge')).length).toBeGreaterThan(70_000);
    const refused = JSON.parse(await send('large', 'large', ada, 'keyedLarge')).error;
    expect([refused.status, refused.code]).toEqual([409, 'CONFLICT']);
    expect(refused.message).toContain('too large to be kept');
    // Nor are its effects: this counts what was served.
    expect(await send('next', 'large')).toBe('{"result":[2,2]}');
  });

  test('tables that nobody declares are not found', async () => {
    expect(await call('undeclared', 'nothing')).toBe('404 Table nothing not found');
  });

  test.skipIf(name === MEMORY)('exec runs the statements that the compiler has seen', async () => {
    await call('consume');
    await call('raiseInTransaction', 'a');
    expect(await call('listed', 2)).toEqual([[], '']);
    expect(await call('listed', 1)).toEqual([['a'], 'bigint 9007199254740994']);
    expect(await call('listedAfterWrite')).toMatch(/^500 /);
  });

  test('a call runs again after effects only where its route allows it', async () => {
    const [refused] = await Promise.all([call('book', 'no', `${host.url}/health`), call('disturb', 'no')]);
    const [booked] = await Promise.all([call('bookAgain', 'yes', `${host.url}/health`), call('disturb', 'yes')]);
    expect([refused, booked]).toEqual(['409 Conflict, try again', undefined]);
    expect(await call('values', ['no', 'yes'])).toEqual([1, 2]);
  });
});
