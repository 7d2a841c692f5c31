import { ConflictError, type HttpError } from "../errors.js";
import { type Answer, ask, type PgClient, toBigInt } from "./client.js";
import { Fault, faultOf } from "./fault.js";
import { hex } from "./key.js";
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
  if (!check(transaction)) return;
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
 * The same for a call that may be sent again: keeps its answer. What comes back is the answer
 * that was kept where the call had been committed before.
 */
export async function commitKeyed(transaction: Transaction, claim: string, answer: Uint8Array): Promise<Uint8Array | undefined> {
  if (!check(transaction)) return undefined;
  const params = paramsOf(transaction, claim);
  // Whatever was written: the record is what holds the answer.
  params[1] = claim;
  params.push(answer.length > MOST_KEPT ? null : hex(answer));
  try {
    const row = await sendOnce(transaction.pg, COMMIT_KEYED, params);
    transaction.context.saw?.(toBigInt(row?.txid ?? 0));
    return bytesOf(row?.first);
  } catch (error) {
    throw conflictOf(error, transaction);
  }
}

/** The answer of a call that has been served before, if it was kept. */
export async function keptAnswer(pg: PgClient, key: Uint8Array, claim: string): Promise<Uint8Array | undefined> {
  const [row] = await ask(pg, "SELECT encode(kontract.answer(decode($1::text, 'hex'), $2::text), 'hex') AS first", [hex(key), claim]);
  return bytesOf(row?.first);
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

/** Ends the transaction for operations; false where it is over already. */
function check(transaction: Transaction): boolean {
  if (transaction.over) return false;
  transaction.over = true;
  if (!transaction.turns.isEmpty) throw new Error("An operation on a table was not awaited: is an `await` missing?");
  if (transaction.stale) throw new Conflict(transaction.tables);
  return true;
}

function bytesOf(text: unknown): Uint8Array | undefined {
  if (typeof text !== "string") return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
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
const COMMIT_KEYED = `SELECT txid, encode(first, 'hex') AS first FROM kontract.commit_keyed(decode($1::text, 'hex'), $2::text,
  $3::text::jsonb, $4::text::jsonb, $5::text::jsonb, decode($6::text, 'hex'))`;
/** Bytes of an answer. */
const MOST_KEPT = 64 << 10;
const UNCOMMITTED =
  "This call has written outside of env.storage.transaction before: write in transactions only, or in none";
const ATTEMPTS = 3;
const PAUSE_MS = 20;
/** How long a call waits to be told what came of its commit. */
const PATIENCE_MS = 3000;
