import { perms } from "../perms.js";
import type { JsonObject } from "../runtime/rows.js";
import { type Operation, WriteLog } from "./log.js";
import { Changed, type Row, type Store } from "./store.js";
import type { Table } from "./tables.js";
import { admit, type TableContext } from "./transaction.js";

/**
 * Writes a row without a transaction around: it applies at once. False where a condition does
 * not hold: `update` and `delete` need a row, `insert` needs none.
 */
export async function writeNow(
  store: Store,
  context: TableContext,
  table: Table,
  operation: Operation,
  id: string,
  data: JsonObject = {},
): Promise<boolean> {
  admit(context, table.name, operation === "delete" ? perms.__X : perms._W_);
  const writes = new WriteLog();
  writes.push(table, operation, id, data);
  context.wrote?.();
  try {
    const txid = await store.commit({ writes, reads: [], predicates: [] }, crypto.randomUUID());
    context.saw?.(txid);
    return true;
  } catch (error) {
    if (!(error instanceof Changed)) throw error;
    if (error.taken !== undefined) throw error.taken;
    // Nothing was compared: only the write's own condition can have failed.
    return false;
  }
}

/** Takes the first row away in the order of insertion, or the last, that nobody else is taking. */
export async function takeNow(store: Store, context: TableContext, table: Table, last: boolean): Promise<Row | null> {
  admit(context, table.name, perms.__X);
  context.wrote?.();
  const taken = await store.take(table, last);
  if (taken === undefined) return null;
  context.saw?.(taken.newest);
  return taken;
}
