// PostgreSQL is killed under load and comes back: callers get errors for as long, the gateway goes
// on by itself, and what was acknowledged is there.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Gateway, startGateway } from './support/gateway.ts';
import { type Postgres, startPostgres } from './support/postgres.ts';
import { buildProject } from './support/workspace.ts';

let postgres: Postgres;
let gateway: Gateway;

beforeAll(async () => {
  const app = await buildProject('isolation');
  postgres = await startPostgres();
  gateway = await startGateway(app, { postgres });
}, 120_000);

afterAll(async () => {
  await gateway.close();
  await postgres.stop();
});

interface Tally {
  acknowledged: number;
  /** Calls that failed: each may have been done or not. */
  unknown: number;
  statuses: Set<number>;
}

async function increment(id: string, tally: Tally): Promise<void> {
  const response = await fetch(`${gateway.url}/rpc/increment`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([id]),
  });
  tally.statuses.add(response.status);
  if (response.ok) tally.acknowledged += 1;
  else tally.unknown += 1;
  await response.arrayBuffer();
}

const POLL = { timeout: 20_000, interval: 50 };
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const statusOf = async (path: string): Promise<number> => (await fetch(gateway.url + path)).status;

async function ready(): Promise<void> {
  for (let tries = 0; (await statusOf('/ready')) !== 200; tries += 1) {
    if (tries > 200) throw new Error('the gateway is not ready again');
    await sleep(50);
  }
}

test('three times killed, no acknowledged write is lost and none is done twice', { timeout: 120_000 }, async () => {
  const ids = Array.from({ length: 8 }, (_, i) => `counter-${i}`);
  const tallies = ids.map((): Tally => ({ acknowledged: 0, unknown: 0, statuses: new Set() }));
  for (let kill = 0; kill < 3; kill += 1) {
    let over = false;
    const load = Promise.all(
      ids.map(async (id, i) => {
        while (!over) await increment(id, tallies[i]!);
      }),
    );
    await sleep(700);
    await postgres.kill();
    const before = tallies.reduce((sum, { unknown }) => sum + unknown, 0);
    await expect.poll(() => tallies.reduce((sum, { unknown }) => sum + unknown, 0), POLL).toBeGreaterThan(before);
    await expect.poll(() => statusOf('/ready'), { ...POLL, message: 'while the database is down' }).toBe(503);
    expect(await statusOf('/health'), 'while the database is down').toBe(200);
    await postgres.start();
    await ready();
    const done = tallies.map(({ acknowledged }) => acknowledged);
    const still = (): string[] => ids.filter((_, i) => tallies[i]!.acknowledged <= done[i]!);
    await expect.poll(still, { ...POLL, message: 'counters that do not go on' }).toEqual([]);
    over = true;
    await load;
  }
  const response = await fetch(`${gateway.url}/rpc/all`, { method: 'POST' });
  const { result } = (await response.json()) as { result: { id: string; value: number }[] };
  const values = new Map(result.map(({ id, value }) => [id, value]));
  tallies.forEach(({ acknowledged, unknown, statuses }, i) => {
    const value = values.get(ids[i]!);
    expect(value).toBeGreaterThanOrEqual(acknowledged);
    expect(value).toBeLessThanOrEqual(acknowledged + unknown);
    // A failure is never the caller's fault, and never without a reason.
    expect([...statuses].filter((status) => ![200, 503, 504].includes(status))).toEqual([]);
  });
});
