import { ConflictError, type HttpError } from "../errors.js";
import { Changed, type Changes } from "./store.js";
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
 * Ends a transaction: what it has read is compared with what is, and what it wrote is applied,
 * once for each `claim`. One that only read at one moment is done without.
 */
export async function commit(transaction: Transaction, claim: string): Promise<void> {
  const { log, reads, store } = transaction;
  await endWith(transaction, async (changes) => {
    if (log.isEmpty && reads <= 1) return;
    const txid = await store.commit(changes, claim);
    if (!log.isEmpty) transaction.context.saw?.(txid);
  });
}

/** Ends a transaction for its operations and has its changes sent; undefined where it is over already. */
export async function endWith<Result>(transaction: Transaction, send: (changes: Changes) => Promise<Result>): Promise<Result | undefined> {
  if (transaction.over) return undefined;
  transaction.over = true;
  if (!transaction.turns.isEmpty) throw new Error("An operation on a table was not awaited: is an `await` missing?");
  if (transaction.stale) throw new Conflict(transaction.tables);
  try {
    return await send(changesOf(transaction));
  } catch (error) {
    throw error instanceof Changed ? new Conflict(transaction.tables, error.taken) : error;
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
    if (transaction.reads > 1) await transaction.store.commit(changesOf(transaction), "");
  } catch (error) {
    if (!(error instanceof Changed)) throw error;
    // What the call goes on to do does not count.
    transaction.stale = true;
    throw new ConflictError();
  }
  transaction.forgetReads();
}

function changesOf({ log, buffers, predicates }: Transaction): Changes {
  return { writes: log, reads: [...buffers].flatMap((buffer) => [...buffer.reads()]), predicates };
}

const UNCOMMITTED =
  "This call has written outside of env.storage.transaction before: write in transactions only, or in none";
