export interface Room {
  @primkey id: string;
  name: string;
  @index size: number;
}

/** What a user sees of his tenant. */
interface Sight {
  tenant: string;
  names: string[];
  count: number;
  found: unknown;
  visits: number;
}

@backend
export async function open(id: string, name: string, size: number): Promise<void> {
  await env.storage.rooms.set(id, { name, size });
}

@backend
export async function enter(): Promise<Sight> {
  const names: string[] = [];
  for await (const { name } of env.storage.rooms.query({ size: { gte: 0 } }, { orderBy: 'size' })) names.push(name);
  const found = await env.storage.rooms.exec('SELECT id, data->>\'name\' AS name FROM rooms ORDER BY id');
  const visits = await env.shared.increment('visits');
  return { tenant: ctx.tenant, names, count: await env.storage.rooms.count(), found, visits };
}

/** A page, and the cursor of the next one. */
@backend
export async function page(cursor: string | null): Promise<[string[], string | null]> {
  const rows = env.storage.rooms.query({}, { limit: 1, orderBy: 'size', ...(cursor === null ? {} : { cursor }) });
  const names: string[] = [];
  for await (const { name } of rows) names.push(name);
  return [names, rows.cursor];
}

@backend
export async function close(): Promise<string | null> {
  return (await env.storage.rooms.shift())?.name ?? null;
}

@backend
export async function promote(user: string): Promise<void> {
  await env.auth.setGroups(user, ['admin']);
}
