// The tables of `operations` on every storage that JavaScript has: in memory, and in PostgreSQL through
// `TableProxy`, whose operations are transactions of their own, or parts of one.
import { randomBytes } from 'node:crypto';
import { MemoryStorage } from 'kontract/memory';
import { loadTables } from 'kontract/node';
import { type ProxyContext, TableProxy, transaction } from 'kontract/postgres';
import type { UntypedTable } from 'kontract';
import pg from 'pg';
import { prepare } from './gateway.ts';
import { poolOf } from './node.ts';
import type { Postgres } from './postgres.ts';
import type { Workspace } from './workspace.ts';

/** Who uses tables: `ada` with all permissions when left out. */
export interface Who {
  owner?: string;
  perm?: number;
}

/** The tables as somebody sees them. */
export type Tables = (name: string) => UntypedTable;

export interface Backend {
  /** Runs a test that one user's tables suffice for; in one transaction, where that is the point. */
  run(body: (tables: Tables) => Promise<void>): Promise<void>;
  as(who?: Who): Promise<Tables>;
  /** Removes all rows. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** `together`: what `run` runs is one transaction. */
export async function memory({ dist }: Workspace, { together = false } = {}): Promise<Backend> {
  const tables = await loadTables(dist);
  let storage = new MemoryStorage({ tables });
  const open = ({ owner = 'ada', perm = 7 }: Who = {}) => storage.storage({ tenant: 'main', owner, perm, check: () => {}, saw: () => {} });
  const tablesOf = (seen: ReturnType<typeof open>): Tables => (name) => seen.get(name) as unknown as UntypedTable;
  return {
    async run(body) {
      const seen = open();
      await (together ? seen.transaction(() => body(tablesOf(seen))) : body(tablesOf(seen)));
    },
    as: async (who) => tablesOf(open(who)),
    clear: async () => void (storage = new MemoryStorage({ tables })),
    close: async () => {},
  };
}

/** A database of the application `operations` with sessions for whoever is asked for. */
export class ProxyBackend implements Backend {
  readonly pool: pg.Pool;
  readonly admin: pg.Pool;
  readonly database: string;
  readonly #tables: ProxyContext['tables'];
  readonly #together: boolean;
  readonly #sessions = new Map<string, ProxyContext>();

  private constructor(database: string, url: string, admin: string, tables: ProxyContext['tables'], together: boolean) {
    this.database = database;
    this.pool = poolOf(url);
    this.admin = poolOf(admin, 1);
    this.#tables = tables;
    this.#together = together;
  }

  /** `together`: what `run` runs is one transaction. */
  static async open(app: Workspace, options: { postgres?: Postgres; together?: boolean } = {}): Promise<ProxyBackend> {
    const { postgres, database, env } = await prepare(app, options);
    const admin = postgres.url('postgres', database);
    return new ProxyBackend(database, env.DATABASE_URL, admin, await loadTables(app.dist), options.together ?? false);
  }

  async run(body: (tables: Tables) => Promise<void>): Promise<void> {
    if (!this.#together) return body(await this.as());
    await transaction(this.pool, await this.session(), (ctx) => body((name) => this.#table(name, ctx)));
  }

  async as(who: Who = {}): Promise<Tables> {
    const session = await this.session(who);
    return (name) => this.#table(name, session);
  }

  /** A session; `perm` is what the database says, not the context. */
  async session({ owner = 'ada', perm = 7 }: Who = {}): Promise<ProxyContext> {
    const name = `${owner} ${perm}`;
    let session = this.#sessions.get(name);
    if (session === undefined) {
      session = { key: randomBytes(32), tables: this.#tables };
      this.#sessions.set(name, session);
      const sql = `INSERT INTO kontract.trxs (sid, owner, user_id, perm, is_anonymous, expires_at)
        VALUES (sha256($1), 'main', $2, $3, true, now() + interval '1 hour')`;
      await this.admin.query(sql, [session.key, owner, perm]);
    }
    return session;
  }

  async clear(): Promise<void> {
    const { rows } = await this.admin.query("SELECT string_agg(format('DELETE FROM kdata.%I', ptr), '; ') AS sql FROM kontract.storage");
    await this.admin.query(rows[0].sql);
  }

  async close(): Promise<void> {
    await this.pool.end();
    await this.admin.end();
  }

  #table(name: string, ctx: ProxyContext): UntypedTable {
    return new TableProxy<Record<string, unknown>>(this.pool, name, ctx) as unknown as UntypedTable;
  }
}

/** All elements. */
export async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}
