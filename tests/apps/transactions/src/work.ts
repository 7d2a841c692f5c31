// Functions that open transactions of their own, or work without one.
import { HttpError, type Primkey, type Table } from 'kontract';

export interface Counter extends Table<'counters'> {
  id: Primkey<string>;
  n: number;
}

const counter = async (id: string): Promise<number | null> => (await env.storage.counters.get(id))?.n ?? null;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

async function raise(id: string): Promise<number> {
  const n = ((await counter(id)) ?? 0) + 1;
  await env.storage.counters.set(id, { n });
  return n;
}

@backend()
export async function values(ids: string[]): Promise<(number | null)[]> {
  return await Promise.all(ids.map(counter));
}

/** What the first transaction has committed stays; the second, and the call, fail. */
@backend()
export async function several(): Promise<void> {
  await counter('first');
  await env.storage.transaction(async () => {
    await raise('first');
    await raise('first');
  });
  const failed = await env.storage.transaction(async () => {
    await raise('second');
    throw new Error('no');
  }).catch((error: Error) => error.message);
  const seen = [await counter('first'), failed, await counter('second')];
  await env.storage.counters.set('third', { n: 1 });
  throw new HttpError(JSON.stringify(seen), 418);
}

@backend()
export async function overlapping(): Promise<string[]> {
  const told: string[] = [];
  const note = (error: Error): void => void told.push(error.message);
  await env.storage.transaction(() => env.storage.transaction(() => 1)).catch(note);
  await env.storage.counters.set('own', { n: 1 });
  await env.storage.transaction(() => 1).catch(note);
  return told;
}

/** The counter, and how often its transaction ran; the call itself runs once. */
@backend()
export async function raiseInTransaction(id: string): Promise<number[]> {
  await env.shared.increment('calls');
  let runs = 0;
  const n = await env.storage.transaction(async () => {
    runs += 1;
    await counter(id);
    await pause();
    return await raise(id);
  });
  return [n, runs];
}

@backend()
export async function hooked(fail: boolean): Promise<void> {
  await raise('hooked');
  env.afterCommit(async () => {
    const txid = ctx.currentTxid;
    await env.storage.counters.set('after', { n: (await counter('hooked')) ?? 0 });
    await env.storage.counters.set('own transaction', { n: txid > 0n ? 1 : 0 });
  });
  if (fail) throw new HttpError('fails', 418);
}

@backend({ isolation: 'none' })
export async function atOnce(): Promise<void> {
  const { counters } = env.storage;
  await counters.set('kept', { n: 1 });
  await counters.update('kept', { n: 2 });
  const told: unknown[] = [await counter('kept'), await counters.count()];
  const note = (error: Error): void => void told.push(error.message);
  await counters.update('none', { n: 1 }).catch(note);
  await counters.push({ id: 'kept', n: 1 }).catch(note);
  told.push(await counters.delete('none'), await counters.delete('kept'));
  const id = await counters.push({ n: 3 });
  told.push((await counters.shift())?.n, await counter(id), await counters.pop());
  await counters.set('kept', { n: 5 });
  throw new HttpError(JSON.stringify(told), 418);
}

@backend({ isolation: 'none' })
export async function produce(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await env.storage.counters.push({ n });
}

/** Takes until nothing is left that nobody else is taking. */
@backend({ isolation: 'none' })
export async function consume(): Promise<string[]> {
  const ids: string[] = [];
  for (let row = await env.storage.counters.shift(); row !== null; row = await env.storage.counters.shift()) ids.push(row.id);
  return ids;
}

async function effect(id: string, url: string): Promise<void> {
  const before = await counter(id);
  await fetch(url);
  await env.shared.set(`at ${id}`, true);
  for (let tries = 0; tries < 200 && (await env.shared.get(`on ${id}`)) !== true; tries += 1) await pause();
  await env.storage.counters.set(id, { n: (before ?? 0) + 1 });
}

@backend()
export async function book(id: string, url: string): Promise<void> {
  await effect(id, url);
}

@backend({ retry: true })
export async function bookAgain(id: string, url: string): Promise<void> {
  await effect(id, url);
}

/** Raises a counter while somebody who has read it waits. */
@backend()
export async function disturb(id: string): Promise<void> {
  for (let tries = 0; tries < 200 && (await env.shared.get(`at ${id}`)) !== true; tries += 1) await pause();
  await env.storage.transaction(() => raise(id));
  await env.shared.set(`on ${id}`, true);
}

@backend()
export async function calls(): Promise<number> {
  return (await env.shared.get<number>('calls')) ?? 0;
}

/** The ids of the counters from `n` on, and how large the largest could be. */
@backend()
export async function listed(n: number): Promise<[string[], string]> {
  const rows = await env.storage.counters.exec(
    "SELECT id, (data->>'n')::bigint + 9007199254740993 AS big FROM counters WHERE (data->>'n')::int >= $1 ORDER BY id",
    [n],
  );
  return [rows.map((row) => String(row.id)), rows.map(({ big }) => `${typeof big} ${big}`).join()];
}

@backend()
export async function listedAfterWrite(): Promise<number> {
  await raise('written');
  return (await env.storage.counters.exec('SELECT id FROM counters')).length;
}

/** Goes on after its answer. */
@backend()
export async function later(id: string, fail: boolean): Promise<void> {
  const { counters } = env.storage;
  await counters.set(id, { n: 1 });
  ctx.waitUntil(
    (async () => {
      await pause();
      await pause();
      await counters.set(id, { n: ((await counter(id)) ?? 0) + 1 });
      await env.storage.transaction(() => raise(id));
    })(),
  );
  if (fail) throw new HttpError('fails', 418);
}

@backend({ perm: perms.R__ })
export async function undeclared(name: string): Promise<void> {
  const tables = env.storage as unknown as Record<string, { get(id: string): Promise<unknown> }>;
  await tables[name]!.get('1');
}

/** How often it was served; what it writes happens once for a key. */
@backend()
export async function keyed(id: string): Promise<[number, number]> {
  return [await env.shared.increment(`served ${id}`), await raise(id)];
}

/** Its answer is too large to be kept. */
@backend()
export async function keyedLarge(id: string): Promise<[number, number, string]> {
  return [...(await keyed(id)), 'x'.repeat(70_000)];
}
