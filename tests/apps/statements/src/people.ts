export interface Person {
  @primkey id: string;
  name: string;
  age: number;
  city: string | null;
  born?: Date;
}

@owned
export interface Note {
  @primkey id: string;
  text: string;
}

const CITIES = `
  SELECT data->>'city' AS city, count(*) AS people, max((data->>'age')::int) AS oldest
  FROM people
  WHERE (data->>'age')::int >= $1 AND data->>'city' = ANY($2)
  GROUP BY 1
  ORDER BY 1`;

interface City {
  city: string;
  people: number;
  oldest: number;
}

@backend
export async function add(id: string, name: string, age: number, city: string | null): Promise<void> {
  await env.storage.people.set(id, { name, age, city, born: new Date(2020 - age, 0, 1) });
  await env.storage.notes.set(`note of ${id}`, { text: name });
}

@backend
export async function cities(from: number, names: string[]): Promise<City[]> {
  return await env.storage.people.exec<City>(CITIES, [from, names]);
}

@backend
export async function bornBefore(date: Date): Promise<string[]> {
  const rows = await env.storage.people.exec<{ id: string }>(
    `SELECT id FROM people WHERE (data->>'born')::timestamptz < $1 ORDER BY id`,
    [date],
  );
  return rows.map(({ id }) => id);
}

@backend
export async function notes(): Promise<unknown> {
  return await env.storage.notes.exec('SELECT * FROM notes ORDER BY id');
}

@backend
export async function large(): Promise<string[]> {
  const [row] = await env.storage.people.exec<{ large: bigint; small: number }>('SELECT 9007199254740993 AS large, 7 AS small');
  return [typeof row!.large, String(row!.large), typeof row!.small];
}

/** Keeps a count that it has read: what another call adds meanwhile must not be lost. */
@backend
export async function recount(): Promise<number> {
  const [row] = await env.storage.people.exec<{ count: number }>('SELECT count(*) FROM people');
  await new Promise((resolve) => setTimeout(resolve, 700));
  await env.storage.notes.set('count', { text: String(row!.count) });
  return row!.count;
}

@backend
export async function afterWriting(): Promise<unknown> {
  await env.storage.people.set('x', { name: 'X', age: 1, city: null });
  return await env.storage.people.exec('SELECT id FROM people');
}

@backend
export async function computed(sql: string): Promise<unknown> {
  const people = env.storage.people as unknown as Record<string, (sql: string) => Promise<unknown>>;
  return await people[`ex${'ec'}`]!(sql);
}
