import { sanitizeIdentifier } from "../identifier.js";
import { perms } from "../perms.js";
import { StoredTable } from "../storage/table.js";
import { findTable } from "../storage/tables.js";
import type { TableContext, Transaction } from "../storage/transaction.js";
import type { DefaultKey } from "../types/storage.js";
import type { PgClient } from "./client.js";
import { PostgresStore } from "./store.js";

/** On whose behalf tables are used, and which there are. */
export interface ProxyContext extends TableContext {
  /** What the database knows the session by: `sessionKey`. */
  readonly key: Uint8Array;
}

/** A context within a `transaction`. */
export interface TransactionContext extends ProxyContext {
  readonly transaction: Transaction;
}

/**
 * A table in PostgreSQL. With the context that `transaction` gives its operations
 * are parts of that transaction; with any other each is one statement that applies at once,
 * and `pop` and `shift` take what nobody else is taking.
 *
 * ```ts
 * const users = new TableProxy<User>(pg, 'users', ctx);
 * await users.update('ada', { name: 'Ada' });
 * ```
 */
export class TableProxy<T, Key extends keyof T = DefaultKey<T>, Write = T> extends StoredTable<T, Key, Write> {
  constructor(pg: PgClient, name: string, ctx: ProxyContext) {
    super(new PostgresStore(pg, ctx.key), name, ctx);
  }
}

/** Throws unless the session may do this with the table, as the database says. */
export async function checkTablePermission(
  pg: PgClient,
  ctx: ProxyContext,
  tableName: string,
  operation: "read" | "write" | "delete",
): Promise<void> {
  const table = findTable(ctx.tables, sanitizeIdentifier(tableName));
  await new PostgresStore(pg, ctx.key).get(table, [], NEEDED[operation]);
}

const NEEDED = { read: perms.R__, write: perms._W_, delete: perms.__X } as const;
