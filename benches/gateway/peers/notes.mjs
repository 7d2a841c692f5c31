// The table and the work that all peers share.
import pg from 'pg';

/** As many connections as the gateway has on two processors. */
export const POOL = 16;

export const pool = () => new pg.Pool({ connectionString: process.env.DATABASE_URL, max: POOL });

export const READ = { name: 'read', text: 'SELECT data FROM peers.notes WHERE id = $1' };
export const WRITE = { name: 'write', text: 'UPDATE peers.notes SET data = data || $2::jsonb WHERE id = $1' };

/** What a handler may do with data: make it, filter it, sort it, count words in it. */
export function work(size) {
  const people = [];
  for (let i = 0; i < size; i++) {
    people.push({ name: `person ${(i * 7919) % size}`, age: (i * 31) % 90, tags: ['a', 'b', String(i % 7)] });
  }
  const adults = people.filter((person) => person.age >= 18).sort((a, b) => (a.name < b.name ? -1 : 1));
  const counts = new Map();
  for (const { tags } of adults) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return JSON.stringify(adults).length + counts.size;
}

export const port = Number(process.env.PORT);
