// The gateway and PostgreSQL are killed under six writers, who send each call again, under its
// Idempotency-Key, until it is answered: in the end every call has been done once.
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Gateway, startGateway } from './support/gateway.ts';
import { type Postgres, startPostgres } from './support/postgres.ts';
import { buildProject, type Workspace } from './support/workspace.ts';

const KILLS = process.env.KONTRACT_PROVE === '1' ? { gateway: 50, postgres: 20 } : { gateway: 3, postgres: 1 };
const COUNTERS = ['a', 'b', 'c'];
const WRITERS = 6;

let app: Workspace;
let postgres: Postgres;
let database: string;
let gateway: Gateway;
const env = { KONTRACT_SECRET: randomBytes(48).toString('base64') };

beforeAll(async () => {
  app = await buildProject('isolation');
  postgres = await startPostgres();
  database = await postgres.database();
  gateway = await startGateway(app, { postgres, database, env });
}, 120_000);

afterAll(async () => {
  await gateway.close();
  await postgres.stop();
});

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls until there is an answer, and returns it. */
async function increment(id: string): Promise<number> {
  const key = randomUUID();
  for (let tries = 0; tries < 2000; tries += 1) {
    try {
      const response = await fetch(`${gateway.url}/rpc/increment`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify([id]),
      });
      const { result, error } = (await response.json()) as { result?: number; error?: { code: string } };
      if (result !== undefined) return result;
      expect(['SERVICE_UNAVAILABLE', 'TIMEOUT', 'CONFLICT']).toContain(error?.code);
    } catch (error) {
      // The gateway is gone, perhaps in the middle of its answer.
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    }
    await sleep(20);
  }
  throw new Error('a call is never answered');
}

async function killGateway(): Promise<void> {
  process.kill(gateway.pid, 'SIGKILL');
  gateway = await startGateway(app, { postgres, database, env, migrate: false });
}

async function killPostgres(): Promise<void> {
  await postgres.kill();
  await sleep(200);
  await postgres.start();
}

test('every call is done once, whatever is killed', { timeout: 900_000 }, async () => {
  let over = false;
  const answers = new Map(COUNTERS.map((id) => [id, [] as number[]]));
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    const id = COUNTERS[writer % COUNTERS.length]!;
    while (!over) answers.get(id)!.push(await increment(id));
  });
  const load = Promise.all(writers);
  // A failure of a writer is told at once.
  const kills = async (): Promise<void> => {
    for (let kill = 0; kill < Math.max(KILLS.gateway, KILLS.postgres); kill += 1) {
      await sleep(100 + Math.random() * 300);
      if (kill < KILLS.gateway) await killGateway();
      await sleep(100 + Math.random() * 300);
      if (kill < KILLS.postgres) await killPostgres();
    }
    await sleep(1000);
    over = true;
  };
  await Promise.race([kills(), load]);
  await load;
  for (const [id, seen] of answers) {
    const sorted = [...seen].sort((left, right) => left - right);
    expect(sorted.length, id).toBeGreaterThan(KILLS.gateway);
    expect(sorted, id).toEqual(Array.from(sorted, (_, index) => index + 1));
  }
});
