// Calls that run at the same time come to what they would have come to one after the other.
//
// Each case lays the steps of two or three calls into an order. The calls wait for each other at
// gates, so that their steps run in just that order; then what they saw and left must be what some
// serial order of them sees and leaves.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serve } from 'kontract/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTenant, prepare, sharedPostgres, startGateway, stopSharedPostgres } from './support/gateway.ts';
import { poolOf, startNode } from './support/node.ts';
import { startPostgres, versions } from './support/postgres.ts';
import { SpecifiedStorage } from './support/specification.ts';
import { buildProject, type Workspace } from './support/workspace.ts';

type Step = Record<string, unknown> & { do: string };
type Party = 'A' | 'B' | 'C';
type Schedule = [party: Party, ...steps: Step[]][];

interface Row {
  id: string;
  group: string;
  value: number;
}

/** What each call answered, and the rows that are left. */
interface Outcome {
  answers: Partial<Record<Party, unknown>>;
  rows: Row[];
}

const get = (id: string): Step => ({ do: 'get', id });
const set = (id: string, value: number): Step => ({ do: 'set', id, group: 'g', value });
const add = (id: string, by: number): Step => ({ do: 'add', id, by });
const push = (id: string, value: number): Step => ({ do: 'push', id, group: 'g', value });
const remove = (id: string): Step => ({ do: 'delete', id });
const values: Step = { do: 'values', group: 'g' };
const count: Step = { do: 'count', group: 'g' };
const pop: Step = { do: 'pop' };
const shift: Step = { do: 'shift' };
const fail: Step = { do: 'fail' };

const ROWS: Row[] = [
  { id: 'start', group: 'none', value: 0 },
  { id: 'x', group: 'g', value: 10 },
  { id: 'y', group: 'g', value: 20 },
];

/** The cases of the Hermitage suite by their names there, and those of rows that come and go. */
const CASES: Record<string, Schedule> = {
  'G0: dirty writes': [['A', set('x', 11)], ['B', set('x', 12)], ['A', set('y', 21)], ['B', set('y', 22)]],
  'G1a: aborted reads': [['A', set('x', 101)], ['B', get('x')], ['A', fail], ['B', get('x'), values]],
  'G1b: intermediate reads': [['A', set('x', 101)], ['B', get('x')], ['A', set('x', 11)], ['B', get('x')]],
  'G1c: circular information flow': [['A', set('x', 11)], ['B', set('y', 22)], ['A', get('y')], ['B', get('x')]],
  'OTV: an observed transaction vanishes': [
    ['A', set('x', 11), set('y', 19)],
    ['B', set('x', 12)],
    ['A', get('start')],
    ['C', get('x')],
    ['B', set('y', 18)],
    ['C', get('y'), get('x')],
  ],
  'PMP: a predicate with many preceders': [['A', values], ['B', push('z', 30)], ['A', values]],
  'PMP: of a write': [['A', add('x', 10), add('y', 10)], ['B', values, remove('y')], ['A', values]],
  'P4: a lost update': [['A', get('x')], ['B', get('x')], ['A', add('x', 1)], ['B', add('x', 1)]],
  'G-single: read skew': [['A', get('x')], ['B', get('x'), get('y'), set('x', 12), set('y', 18)], ['A', get('y')]],
  'G-single: of a predicate': [['A', values], ['B', add('x', 5), push('z', 5)], ['A', count]],
  'G-single: with a write': [['A', get('x')], ['B', get('x'), get('y'), set('x', 12), set('y', 18)], ['A', remove('y')]],
  'G-single: with a write that is taken back': [
    ['A', get('x'), set('x', 13)],
    ['B', get('x'), get('y'), set('x', 12), set('y', 18)],
    ['A', get('y'), fail],
  ],
  'G2-item: write skew': [['A', get('x'), get('y')], ['B', get('x'), get('y')], ['A', set('x', 11)], ['B', set('y', 21)]],
  'G2: a phantom': [['A', count], ['B', count], ['A', push('a', 1)], ['B', push('b', 1)]],
  'own writes, and a row that is set after it was deleted': [
    ['A', set('x', 11), get('x'), values, remove('x'), get('x'), count],
    ['B', get('x'), add('x', 1)],
    ['A', set('x', 14), get('x'), values],
  ],
  'two inserts of one key': [['A', get('n')], ['B', get('n')], ['A', push('n', 1)], ['B', push('n', 2)]],
  'two take the last row, one the first': [['A', count], ['B', pop], ['A', pop], ['C', shift], ['A', count]],
};

interface Host {
  url: string;
  /** Leaves no row, where the host itself cannot. */
  clear?(): Promise<unknown>;
  close(): Promise<unknown>;
}

const HOSTS: Record<string, (app: Workspace) => Promise<Host>> = {
  'the gateway': startGateway,
  'Node.js in memory': ({ dist }) => serve({ dist, port: 0 }),
};

// Functions are the same, or their words are: one order has to do.
const TENANT = 'the gateway, as a tenant';
const ONE_ROLE = 'the gateway with one role for all';
HOSTS[ONE_ROLE] = async (app) => {
  await writeFile(join(app.root, 'kontract.toml'), '[database]\nprivileges = "shared"\n');
  const postgres = await sharedPostgres();
  const database = await postgres.database();
  await postgres.query(database, `CREATE ROLE all_${database} LOGIN; ALTER DATABASE ${database} OWNER TO all_${database}`);
  const url = postgres.url(`all_${database}`, database);
  return startGateway(app, { postgres, database, env: { KONTRACT_MIGRATE_URL: url, DATABASE_URL: url } });
};
HOSTS[TENANT] = async (app) => {
  await rm(join(app.root, 'kontract.toml'), { force: true });
  const gateway = await startGateway(app);
  await createTenant(app, gateway, 'acme', 'localhost');
  return { ...gateway, url: gateway.url.replace('127.0.0.1', 'localhost') };
};

for (const [name, bin] of await versions()) {
  HOSTS[`Node.js with ${name}`] = async (app) => {
    const postgres = await startPostgres([], bin);
    const host = await startNode(app, { postgres });
    return { url: host.url, close: () => host.close().finally(() => postgres.stop()) };
  };
}

/** The specification's own statements, which do not isolate. */
async function startSpecified(app: Workspace): Promise<Host> {
  const { postgres, database } = await prepare(app, { migrate: false });
  const pool = poolOf(postgres.url('postgres', database));
  const storage = new SpecifiedStorage(pool);
  await storage.makeTable();
  const { url, close } = await serve({ dist: app.dist, port: 0, storage });
  return { url, clear: () => storage.clear(), close: () => close().finally(() => pool.end()) };
}

let app: Workspace;
let host: Host;

beforeAll(async () => {
  app = await buildProject('isolation');
}, 120_000);

afterAll(stopSharedPostgres);

async function call(route: string, ...args: unknown[]): Promise<unknown> {
  const response = await fetch(`${host.url}/rpc/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(args),
  });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { code: string } };
  // Which error it is counts, too.
  return response.ok ? result : error!.code;
}

const parties = (schedule: Schedule): Party[] => [...new Set(schedule.map(([party]) => party))].sort();
const stepsOf = (schedule: Schedule, of: Party): Step[] =>
  schedule.filter(([party]) => party === of).flatMap(([, ...steps]) => steps);

/** The rows that every run begins with. */
async function reset(rows: Row[] = ROWS): Promise<void> {
  await host.clear?.();
  await call('reset', rows);
}

async function outcome(answers: Outcome['answers']): Promise<string> {
  const rows = (await call('all')) as Row[];
  return JSON.stringify({ answers: Object.fromEntries(Object.entries(answers).sort()), rows });
}

let runs = 0;

/** The calls begin in the order of `begin`; their steps run as the schedule says. */
async function interleaved(schedule: Schedule, begin: Party[]): Promise<string> {
  await reset();
  const run = `run-${(runs += 1)}`;
  const gate = (block: number): Step => ({ do: 'gate', name: `${run}-${block}` });
  const answers: Outcome['answers'] = {};
  const pending = new Map<Party, Promise<void>>();
  const ended = new Set<Party>();
  const passed = async (party: Party, block: number): Promise<void> => {
    const next = schedule.findIndex(([other], index) => index >= block && other === party);
    // At its next gate, or at its end: only then what it did before has been done.
    while (!ended.has(party)) {
      if (next !== -1 && (await call('arrived', `${run}-${next}`)) === true) return;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  for (const party of begin) {
    const steps = schedule.flatMap(([other, ...block], index) => (other === party ? [gate(index), ...block] : []));
    const answer = call('run', [get('start'), ...steps]).then((result) => {
      answers[party] = result;
      ended.add(party);
    });
    pending.set(party, answer);
    await passed(party, 0);
  }
  for (const [block, [party]] of schedule.entries()) {
    await call('open', `${run}-${block}`);
    await passed(party, block + 1);
  }
  await Promise.all(pending.values());
  return outcome(answers);
}

async function serial(schedule: Schedule, order: Party[]): Promise<string> {
  await reset();
  const answers: Outcome['answers'] = {};
  for (const party of order) answers[party] = await call('run', [get('start'), ...stepsOf(schedule, party)]);
  return outcome(answers);
}

function permutations(of: Party[]): Party[][] {
  if (of.length < 2) return [of];
  return of.flatMap((first) => permutations(of.filter((party) => party !== first)).map((rest) => [first, ...rest]));
}

const serialOutcomes = new Map<Schedule, string[]>();

/** What the calls come to one after the other, in any order, on the host that is asked first. */
async function findSerialOutcomes(schedule: Schedule): Promise<string[]> {
  const known = serialOutcomes.get(schedule);
  if (known !== undefined) return known;
  const outcomes: string[] = [];
  for (const order of permutations(parties(schedule))) outcomes.push(await serial(schedule, order));
  serialOutcomes.set(schedule, outcomes);
  return outcomes;
}

const cases = Object.entries(CASES).flatMap(([name, schedule]) =>
  permutations(parties(schedule)).map((begin) => ({ name, schedule, begin, order: begin.join(', ') })),
);

describe.each(Object.entries(HOSTS))('on %s', (name, start) => {
  beforeAll(async () => {
    host = await start(app);
  }, 120_000);

  afterAll(() => host.close());

  describe('calls at the same time', () => {
    const begun = [TENANT, ONE_ROLE].includes(name) ? cases.filter(({ schedule, begin }) => String(begin) === String(parties(schedule).reverse())) : cases;
    test.each(begun)('$name, begun $order', { timeout: 30_000 }, async ({ schedule, begin }) => {
      const seen = await interleaved(schedule, begin);
      expect(await findSerialOutcomes(schedule)).toContain(seen);
    });
  });

  describe('a counter', () => {
    test('that eight raise fifty times each comes to 400', { timeout: 60_000 }, async () => {
      await reset([]);
      const seen: unknown[] = [];
      const one = async (): Promise<void> => {
        for (let i = 0; i < 50; i++) seen.push(await call('increment', 'hot'));
      };
      await Promise.all(Array.from({ length: 8 }, one));
      const numbers = seen.filter((value) => typeof value === 'number').sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
      expect(await call('all')).toEqual([{ id: 'hot', group: 'counters', value: 400 }]);
    });
  });
});

// Without it nothing says that the cases above can fail.
test("the specification's own statements break most of these", { timeout: 60_000 }, async () => {
  host = await startSpecified(app);
  const broken = new Set<string>();
  for (const { name, schedule, begin } of cases) {
    const seen = await interleaved(schedule, begin);
    if (!serialOutcomes.get(schedule)!.includes(seen)) broken.add(name);
  }
  await host.close();
  expect(broken.size, [...broken].join('; ')).toBeGreaterThan(12);
});
