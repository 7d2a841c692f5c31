import { perms } from "../perms.js";
import type { JsonObject } from "../runtime/rows.js";
import { type PgClient, toBigInt } from "./client.js";
import { COMMIT, sendOnce } from "./commit.js";
import { Fault } from "./fault.js";
import { hex } from "./key.js";
import { type Operation, WriteLog } from "./log.js";
import type { Table } from "./tables.js";
import { admit, type ProxyContext, type Row } from "./transaction.js";

/**
 * Writes a row without a transaction around: one statement, which applies at once. False where
 * a condition does not hold: `update` and `delete` need a row, `insert` needs none.
 */
export async function writeNow(
  pg: PgClient,
  context: ProxyContext,
  { name }: Table,
  operation: Operation,
  id: string,
  data: JsonObject = {},
): Promise<boolean> {
  admit(context, name, operation === "delete" ? perms.__X : perms._W_);
  const log = new WriteLog();
  log.push(name, operation, id, data);
  context.wrote?.();
  try {
    const answer = await sendOnce(pg, COMMIT, [hex(context.key), crypto.randomUUID(), log.toJson(), "[]", "[]"]);
    context.saw?.(toBigInt(answer?.txid ?? 0));
    return true;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // Nothing was compared: only the write's own condition can have failed.
    if (error.kind === "conflict") return false;
    throw error.error;
  }
}

/** Takes the first row away in the order of insertion, or the last, that nobody else is taking. */
export async function takeNow(pg: PgClient, context: ProxyContext, { name, take }: Table, last: boolean): Promise<Row | null> {
  admit(context, name, perms.__X);
  context.wrote?.();
  try {
    const answer = await sendOnce(pg, take, [hex(context.key), crypto.randomUUID(), last]);
    if (answer === undefined || answer.id === null) return null;
    context.saw?.(toBigInt(answer.txid));
    return { id: answer.id as string, data: JSON.parse(answer.data as string) as JsonObject };
  } catch (error) {
    throw error instanceof Fault ? error.error : error;
  }
}
