import type { PgClient } from "./client.js";

/** A client that prepares a statement that has a name once on each connection, as node-postgres does. */
export interface NamingClient {
  query(statement: { name: string; text: string; values: unknown[] }): Promise<{ rows: unknown[] }>;
}

/**
 * The same client with prepared statements, which PostgreSQL need not read and plan each time.
 * They belong to connections: not for a pooler in transaction mode that does not know them.
 *
 * ```ts
 * await serve({ postgres: { client: prepared(new pg.Pool({ connectionString })), secret } });
 * ```
 */
export function prepared(client: NamingClient): PgClient {
  const names = new Map<string, string>();
  return {
    query(text, values) {
      let name = names.get(text);
      if (name === undefined) names.set(text, (name = `kontract_${names.size}`));
      return client.query({ name, text, values });
    },
  };
}
