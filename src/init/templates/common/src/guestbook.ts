import { backend, ForbiddenError, HttpError, type Int32, type Perm, type Primkey } from 'kontract';
import { ctx, env } from 'kontract/runtime';

/** What somebody wrote into the guestbook. */
export interface Entry {
  id: Primkey<string>;
  name: string;
  text: string;
  /** Set when the entry is written, never changed. */
  writer: Perm<string, 'R__'>;
  writtenAt: Perm<Date, 'R__'>;
}

/** The newest entries, a hundred at most. */
export const entries = backend(async (limit: Int32 = 20): Promise<Entry[]> => {
  const found: Entry[] = [];
  const newest = { orderBy: { _order: 'desc' }, limit: Math.min(Math.max(limit, 0), 100) } as const;
  for await (const entry of env.storage.entries.query({}, newest)) {
    found.push(entry);
  }
  return found;
});

/** Writes an entry. That takes an account: guests may read, but not write. */
export const sign = backend(async (name: string, text: string): Promise<Entry> => {
  if (text.trim() === '') throw new HttpError('Say something', 422, 'INVALID_REQUEST');
  const entry = { name, text, writer: ctx.owner, writtenAt: new Date() };
  return { id: await env.storage.entries.push(entry), ...entry };
});

/** Removes an entry of your own; answers whether it was there. */
export const remove = backend(async (id: string): Promise<boolean> => {
  const entry = await env.storage.entries.get(id);
  if (entry === null) return false;
  if (entry.writer !== ctx.owner) throw new ForbiddenError('Only who wrote an entry can remove it');
  return await env.storage.entries.delete(id);
});
