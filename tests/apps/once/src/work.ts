// Functions with effects in their transaction, and outside of it.
import { HttpError, type Primkey, type Table } from 'kontract';

export interface Counter extends Table<'counters'> {
  id: Primkey<string>;
  n: number;
}

export interface Gate extends Table<'gates'> {
  id: Primkey<string>;
}

async function raise(id: string): Promise<number> {
  const n = ((await env.storage.counters.get(id))?.n ?? 0) + 1;
  await env.storage.counters.set(id, { n });
  return n;
}

@backend()
export async function values(ids: string[]): Promise<(number | null)[]> {
  const rows = await env.storage.counters.getMany(ids);
  return rows.map((row) => row?.n ?? null);
}

/** Tells somebody outside, and waits for what that says. */
@backend()
export async function tell(url: string, id: string): Promise<number> {
  await fetch(`${url}/${id}`);
  return raise(id);
}

@backend()
export async function tellAndFail(url: string, id: string): Promise<void> {
  const { status } = await fetch(`${url}/${id}`);
  throw new HttpError('told, and failed', status === 200 ? 503 : 500, 'NOT_TAKEN');
}

@backend()
export async function* tellAll(url: string, id: string): AsyncGenerator<number> {
  await fetch(`${url}/${id}`);
  yield 1;
  yield 2;
}

/** All that it does is in its transaction. Who says so passes the gate first. */
@backend()
export async function take(id: string): Promise<number> {
  if (ctx.headers.has('x-gate')) await env.storage.gates.get(id);
  if ((await env.storage.counters.get(id)) !== null) throw new HttpError('taken', 418);
  return raise(id);
}

@backend()
export async function drop(id: string): Promise<void> {
  await env.storage.counters.delete(id);
}
