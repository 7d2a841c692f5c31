/**
 * Tables in PostgreSQL, through any client like node-postgres.
 *
 * @packageDocumentation
 */
import type { PgClient } from "./client.js";
import type { TransactionContext } from "./proxy.js";
import { type TransactOptions, transact } from "./retry.js";
import type { ProxyContext } from "./transaction.js";

export { sanitizeIdentifier } from "../identifier.js";
export { verifyAccess } from "../verify-access.js";
export type { PgClient } from "./client.js";
export { sessionKey } from "./key.js";
export { checkTablePermission, TableProxy, type TransactionContext } from "./proxy.js";
export type { TransactOptions } from "./retry.js";
export { PostgresStorage } from "./storage.js";
export type { ProxyContext } from "./transaction.js";

/**
 * Runs `body` as one serializable transaction: what its tables read held at one moment, and
 * all they wrote happens together or not at all. Where another one changed what it saw it
 * runs again, until the deadline; then it is a `ConflictError`.
 */
export async function transaction<Result>(
  pg: PgClient,
  ctx: ProxyContext,
  body: (ctx: TransactionContext) => Promise<Result>,
  options?: TransactOptions,
): Promise<Result> {
  return transact(pg, ctx, (begun) => body({ ...ctx, transaction: begun }), options);
}
