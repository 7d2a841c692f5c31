/**
 * Tables in PostgreSQL, through any client like node-postgres.
 *
 * @packageDocumentation
 */
import { parseManifest, withCodecs } from "../manifest.js";
import type { TableDescriptions } from "../runtime/backing.js";
import type { RowCodec } from "../runtime/rows.js";
import type { PgClient } from "./client.js";
import { type TransactOptions, transact } from "../storage/retry.js";
import type { ProxyContext, TransactionContext } from "./proxy.js";
import { PostgresStore } from "./store.js";

export { sanitizeIdentifier } from "../identifier.js";
export { verifyAccess } from "../verify-access.js";
export type { FieldClass, JsonObject, RowCodec } from "../runtime/rows.js";
export type { PgClient } from "./client.js";
export { sessionKey } from "./key.js";
export { type NamingClient, prepared } from "./prepared.js";
export { checkTablePermission, type ProxyContext, TableProxy, type TransactionContext } from "./proxy.js";
export { PostgresStorage } from "./storage.js";
export type { TransactOptions } from "../storage/retry.js";

/**
 * The tables of a build where there are no files, as on Workers: from its `manifest.json`, and from
 * `__kontract_rows` of `server/__kontract_rows.js`, where there is such a file.
 */
export function describeTables(manifest: unknown, rows: Readonly<Record<string, RowCodec>> = {}): TableDescriptions {
  const parsed = parseManifest(manifest);
  if (parsed === undefined) throw new TypeError("This is not a manifest that this version understands: run `kontract build` again");
  return withCodecs(parsed.tables, rows);
}

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
  return transact(new PostgresStore(pg, ctx.key), ctx, (begun) => body({ ...ctx, transaction: begun }), options);
}
