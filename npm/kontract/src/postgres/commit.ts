import { ConflictError, type HttpError } from "../errors.js";
import { type Answer, ask, type PgClient, toBigInt } from "./client.js";
import { Fault, faultOf } from "./fault.js";
import type { Transaction } from "./transaction.js";

/** What a transaction saw has changed: it may run again. */
export class Conflict extends Error {
  /** The tables that it used. */
  readonly tables: readonly string[];
  /** What the caller is told if it was for a value that must be unique. */
  readonly taken: HttpError | undefined;

  constructor(tables: readonly string[], taken?: HttpError) {
    super("Conflict");
    this.tables = tables;
    this.taken = taken;
  }
}

/**
 * Ends a transaction: one statement compares what it has read with what is, and applies
 * what it wrote, once for each `claim`. One that only read at one moment is done without.
 */
export async function commit(transaction: Transaction, claim: string): Promise<void> {
  if (transaction.over) return;
  transaction.over = true;
  if (!transaction.turns.isEmpty) throw new Error("An operation on a table was not awaited: is an `await` missing?");
  if (transaction.stale) throw new Conflict(transaction.tables);
  const writes = !transaction.log.isEmpty;
  if (!writes && transaction.reads <= 1) return;
  try {
    const params = paramsOf(transaction, claim);
    const answer = writes ? await sendOnce(transaction.pg, COMMIT, params) : (await ask(transaction.pg, COMMIT, params))[0];
    if (writes) transaction.context.saw?.(toBigInt(answer?.txid ?? 0));
  } catch (error) {
    throw conflictOf(error, transaction);
  }
}

/**
 * Ends the transaction of a call that has failed: nothing is written, but a failure that
 * came of reads at different moments is none, and the call may run again.
 */
export async function verify(transaction: Transaction): Promise<void> {
  transaction.forgetWrites();
  await commit(transaction, "");
}

/** Compares what a transaction that has written nothing has read so far, and forgets it. */
export async function compare(transaction: Transaction): Promise<void> {
  if (!transaction.turns.isEmpty) throw new Error("Await what was begun before env.storage.transaction");
  if (!transaction.log.isEmpty) throw new Error(UNCOMMITTED);
  if (transaction.stale) throw new ConflictError();
  try {
    if (transaction.reads > 1) await ask(transaction.pg, COMMIT, paramsOf(transaction, ""));
  } catch (error) {
    // What the call goes on to do does not count.
    transaction.stale ||= error instanceof ConflictError;
    throw error;
  }
  transaction.forgetReads();
}

/** Sends a statement that is applied once however often it arrives, until it is known what came of it. */
export async function sendOnce(pg: PgClient, text: string, params: unknown[]): Promise<Answer | undefined> {
  const start = Date.now();
  let lost = false;
  for (let attempts = 1; ; attempts += 1) {
    try {
      return (await pg.query(text, params)).rows[0] as Answer | undefined;
    } catch (error) {
      const fault = faultOf(error);
      lost ||= fault.kind === "lost";
      // It may have been applied before the connection was lost.
      const waits = lost && (fault.kind === "lost" || fault.kind === "unavailable") && Date.now() - start < PATIENCE_MS;
      if (waits) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      else if ((fault.kind !== "cancelled" && fault.kind !== "stale") || attempts === ATTEMPTS) throw fault;
    }
  }
}

function paramsOf({ key, log, buffers, predicates }: Transaction, claim: string): unknown[] {
  const reads = [...buffers].flatMap((buffer) => [...buffer.reads()]);
  return [key, log.isEmpty ? null : claim, log.toJson(), JSON.stringify(reads), JSON.stringify(predicates)];
}

function conflictOf(error: unknown, { tables }: Transaction): unknown {
  if (error instanceof ConflictError) return new Conflict(tables);
  if (!(error instanceof Fault)) return error;
  if (error.kind === "conflict") return new Conflict(tables);
  return error.kind === "taken" ? new Conflict(tables, error.error as HttpError) : error.error;
}

export const COMMIT =
  "SELECT kontract.commit(decode($1::text, 'hex'), $2::text, $3::text::jsonb, $4::text::jsonb, $5::text::jsonb) AS txid";
const UNCOMMITTED =
  "This call has written outside of env.storage.transaction before: write in transactions only, or in none";
const ATTEMPTS = 3;
const PAUSE_MS = 20;
/** How long a call waits to be told what came of its commit. */
const PATIENCE_MS = 3000;
