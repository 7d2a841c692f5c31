// Clients of an older version call a server of a newer one. `kontract check --against` says what
// becomes of them, and that is what becomes of them.
import { configure } from 'kontract/client';
import { serve } from 'kontract/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Evolution, evolve, load, type Sources, type Verdict } from './support/evolution.ts';
import { type Client, failure, rpc, type Server } from './support/server.ts';

/** The older version. Each case changes it in one way. */
const BEFORE: Sources = {
  'api.ts': `
import { backend } from 'kontract';
import type { Figure, User } from './types';

/** What the server was given. */
@backend() export async function save(user: User): Promise<string> { return JSON.stringify(user); }
@backend() export async function load(): Promise<User> {
  return { id: '1', name: 'Ada', tags: ['x'], role: 'admin' };
}
@backend() export async function draw(figure: Figure): Promise<string> { return figure.kind; }
@backend() export async function figure(which: number): Promise<Figure> {
  return which === 0 ? { kind: 'circle', radius: 2 } : { kind: 'square', side: 3 };
}
@backend() export async function find(id: string, limit?: number): Promise<string> {
  return JSON.stringify([id, limit ?? null]);
}
`,
  'types.ts': `
export interface User { id: string; name: string; nick?: string; tags: string[]; role: 'admin' | 'user' }
export type Figure = Circle | Square;
export interface Circle { kind: 'circle'; radius: number }
export interface Square { kind: 'square'; side: number }
`,
};

const ADA = { id: '1', name: 'Ada', tags: ['x'], role: 'admin' };

interface Call {
  route: string;
  args: unknown[];
  verdict: Verdict;
  /** What the older client gets; where the verdict is breaking it gets a StaleClientError. */
  answer?: unknown;
}

interface Case {
  what: string;
  /** File, text, its replacement. */
  changes: [string, string, string][];
  moved?: [string, string];
  calls: Call[];
}

const save = (verdict: Verdict, seen: object = ADA, user: object = ADA): Call => ({
  route: 'save',
  args: [user],
  verdict,
  answer: seen,
});
const read = (verdict: Verdict, answer: object = ADA): Call => ({ route: 'load', args: [], verdict, answer });

const CASES: Case[] = [
  {
    what: 'an optional field is added',
    changes: [
      ['types.ts', 'id: string;', 'age?: number; id: string;'],
      ['api.ts', "id: '1',", "id: '1', age: 36,"],
    ],
    calls: [save('compatible'), read('compatible')],
  },
  {
    what: 'a required field with a default is added',
    changes: [
      ['types.ts', 'id: string;', 'id: string;\n  /** @default 18 */\n  age: number;'],
      ['api.ts', "id: '1',", "id: '1', age: 36,"],
    ],
    calls: [save('defaults', { id: '1', age: 18, name: 'Ada', tags: ['x'], role: 'admin' }), read('compatible')],
  },
  {
    what: 'a required field is added',
    changes: [
      ['types.ts', 'id: string;', 'id: string; age: number;'],
      ['api.ts', "id: '1',", "id: '1', age: 36,"],
    ],
    calls: [save('breaking'), read('compatible')],
  },
  {
    what: 'fields are reordered',
    changes: [['types.ts', "id: string; name: string; nick?: string; tags: string[]; role: 'admin' | 'user'", "role: 'user' | 'admin'; tags: string[]; nick?: string; name: string; id: string"]],
    calls: [
      save('unchanged', { role: 'admin', tags: ['x'], nick: 'a', name: 'Ada', id: '1' }, { ...ADA, nick: 'a' }),
      read('unchanged'),
    ],
  },
  {
    what: 'a field is renamed',
    changes: [
      ['types.ts', 'name: string;', 'title: string;'],
      ['api.ts', "name: 'Ada',", "title: 'Ada',"],
    ],
    calls: [save('breaking'), read('breaking')],
  },
  {
    what: 'an optional field is renamed',
    changes: [
      ['types.ts', 'nick?: string;', 'handle?: string;'],
      ['api.ts', "id: '1',", "id: '1', handle: 'b',"],
    ],
    calls: [save('compatible', ADA, { ...ADA, nick: 'a' }), read('compatible')],
  },
  {
    what: 'a required field is removed',
    changes: [
      ['types.ts', 'name: string;', ''],
      ['api.ts', "name: 'Ada',", ''],
    ],
    calls: [save('compatible', { id: '1', tags: ['x'], role: 'admin' }), read('breaking')],
  },
  {
    what: 'a field is retyped',
    changes: [
      ['types.ts', 'name: string;', 'name: number;'],
      ['api.ts', "name: 'Ada',", 'name: 1,'],
    ],
    calls: [save('breaking'), read('breaking')],
  },
  {
    what: 'a field becomes optional',
    changes: [['types.ts', 'name: string;', 'name?: string;']],
    calls: [save('compatible'), read('breaking')],
  },
  {
    what: 'a field may be null',
    changes: [['types.ts', 'nick?: string;', 'nick?: string | null;']],
    calls: [save('compatible', { ...ADA, nick: 'a' }, { ...ADA, nick: 'a' }), read('breaking')],
  },
  {
    what: 'a literal is added',
    changes: [['types.ts', "'admin' | 'user'", "'admin' | 'user' | 'guest'"]],
    calls: [save('compatible'), read('breaking')],
  },
  {
    what: 'literals become any string',
    changes: [['types.ts', "'admin' | 'user'", 'string']],
    calls: [save('compatible'), read('breaking')],
  },
  {
    what: 'a literal is removed',
    changes: [['types.ts', "'admin' | 'user'", "'admin'"]],
    calls: [save('breaking'), read('compatible')],
  },
  {
    what: 'a member is added to a union',
    changes: [['types.ts', 'Circle | Square;', "{ kind: 'line' } | Circle | Square;"]],
    calls: [
      { route: 'draw', args: [{ kind: 'circle', radius: 1 }], verdict: 'compatible', answer: 'circle' },
      { route: 'draw', args: [{ kind: 'square', side: 1 }], verdict: 'compatible', answer: 'square' },
      { route: 'figure', args: [0], verdict: 'breaking' },
    ],
  },
  {
    what: 'a member of a union is removed',
    changes: [
      ['types.ts', 'Circle | Square;', "Square | { kind: 'line' };"],
      ['api.ts', "which === 0 ? { kind: 'circle', radius: 2 } :", ''],
    ],
    calls: [
      { route: 'draw', args: [{ kind: 'square', side: 1 }], verdict: 'breaking' },
      { route: 'figure', args: [1], verdict: 'breaking' },
    ],
  },
  {
    what: 'a type moves to another file',
    changes: [],
    moved: ['types.ts', 'models/all.ts'],
    calls: [
      save('unchanged'),
      read('unchanged'),
      { route: 'draw', args: [{ kind: 'circle', radius: 1 }], verdict: 'unchanged', answer: 'circle' },
      { route: 'figure', args: [1], verdict: 'unchanged', answer: { kind: 'square', side: 3 } },
    ],
  },
  {
    what: 'a type moves, is renamed and gets a field',
    changes: [
      ['types.ts', 'interface User { id: string;', 'interface Person { email?: string; id: string;'],
      ['api.ts', '{ Figure, User }', '{ Figure, Person as User }'],
    ],
    moved: ['types.ts', 'models/all.ts'],
    calls: [save('compatible'), read('compatible')],
  },
  {
    what: 'an optional parameter is removed',
    changes: [
      ['api.ts', 'id: string, limit?: number', 'id: string'],
      ['api.ts', '[id, limit ?? null]', '[id]'],
    ],
    calls: [
      { route: 'find', args: ['a', 3], verdict: 'compatible', answer: '["a"]' },
      { route: 'find', args: ['a'], verdict: 'compatible', answer: '["a"]' },
    ],
  },
  {
    what: 'an optional parameter is added',
    changes: [
      ['api.ts', 'limit?: number', 'limit?: number, deep?: boolean'],
      ['api.ts', 'limit ?? null]', 'limit ?? null, deep ?? null]'],
    ],
    calls: [{ route: 'find', args: ['a', 3], verdict: 'compatible', answer: '["a",3,null]' }],
  },
  {
    what: 'a required parameter is added',
    changes: [['api.ts', 'id: string, limit', 'id: string, by: string, limit']],
    calls: [{ route: 'find', args: ['a', 3], verdict: 'breaking' }],
  },
  {
    what: 'parameters are renamed',
    changes: [
      ['api.ts', 'id: string, limit?: number', 'key: string, most?: number'],
      ['api.ts', '[id, limit ?? null]', '[key, most ?? null]'],
    ],
    calls: [{ route: 'find', args: ['a', 3], verdict: 'unchanged', answer: '["a",3]' }],
  },
  {
    what: 'parameters change places',
    changes: [['api.ts', 'id: string, limit?: number', 'limit: number | undefined, id: string']],
    calls: [{ route: 'find', args: ['a', 3], verdict: 'breaking' }],
  },
];

describe.each(CASES)('$what', ({ changes, moved, calls }) => {
  let evolution: Evolution;
  let server: Server;
  let client: Client;

  beforeAll(async () => {
    const after = { ...BEFORE };
    for (const [file, from, to] of changes) {
      expect(after[file]).toContain(from);
      after[file] = after[file]!.replace(from, to);
    }
    if (moved) {
      after[moved[1]] = after[moved[0]]!;
      delete after[moved[0]];
      after['api.ts'] = after['api.ts']!.replace('./types', `./${moved[1].replace('.ts', '')}`);
    }
    evolution = await evolve(BEFORE, after);
    client = await load<Client>(evolution.before, 'client/index.js');
    server = await serve({ dist: evolution.after, port: 0 });
  });
  afterAll(() => server?.close());

  test.each(calls)('$route is $verdict', async ({ route, args, verdict, answer }) => {
    const report = evolution.reports.get(route);
    expect(report?.verdict, JSON.stringify(report?.changes, null, 1)).toBe(verdict);
    const serves = verdict !== 'breaking';
    expect(evolution.accepts[route]!.includes(evolution.abi[route]!)).toBe(serves);
    configure({ baseUrl: server.url, token: null });
    if (serves) {
      const got: unknown = await client[route]!(...args);
      // The order of keys is nobody's business.
      expect(route === 'save' ? JSON.parse(got as string) : got).toEqual(answer);
    } else {
      expect(await failure(client[route]!(...args))).toMatchObject({ code: 'STALE_CLIENT', status: 409 });
    }
  });
});

test('a released version is served again when what broke it is taken back', async () => {
  const broken: Sources = { ...BEFORE, 'types.ts': BEFORE['types.ts']!.replace('name: string;', '') };
  broken['api.ts'] = BEFORE['api.ts']!.replace("name: 'Ada',", '');
  const evolution = await evolve(broken, BEFORE);
  expect(evolution.reports.get('load')?.verdict).toBe('compatible');
  expect(evolution.reports.get('save')?.verdict).toBe('breaking');
  const server = await serve({ dist: evolution.after, port: 0 });
  try {
    const client = await load<Client>(evolution.before, 'client/index.js');
    configure({ baseUrl: server.url, token: null });
    expect(await client.load!()).toEqual({ id: '1', tags: ['x'], role: 'admin' });
    expect(await rpc(server, 'load', [])).toMatchObject({ status: 200, body: { result: ADA } });
  } finally {
    await server.close();
  }
});
