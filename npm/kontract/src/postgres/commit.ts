import type { HttpError } from "../errors.js";
import { toBigInt } from "./client.js";
import { type Fault, faultOf } from "./fault.js";
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
  const reads = [...transaction.buffers].flatMap((buffer) => [...buffer.reads()]);
  const predicates = JSON.stringify(transaction.predicates);
  const params = [transaction.key, writes ? claim : null, transaction.log.toJson(), JSON.stringify(reads), predicates];
  if (!writes) {
    await send(transaction, params, (fault, attempts) => REPEATED.has(fault.kind) && attempts < ATTEMPTS);
    return;
  }
  const start = Date.now();
  let lost = false;
  const txid = await send(transaction, params, (fault, attempts) => {
    lost ||= fault.kind === "lost";
    // It may have been applied before the connection was lost.
    if (fault.kind === "lost" || fault.kind === "unavailable") return lost && Date.now() - start < PATIENCE_MS;
    return REPEATED.has(fault.kind) && attempts < ATTEMPTS;
  });
  if (txid !== null) transaction.context.saw?.(toBigInt(txid));
}

/**
 * Ends the transaction of a call that has failed: nothing is written, but a failure that
 * came of reads at different moments is none, and the call may run again.
 */
export async function verify(transaction: Transaction): Promise<void> {
  transaction.forgetWrites();
  await commit(transaction, "");
}

/** Sends the commit until it is known what came of it. */
async function send(
  transaction: Transaction,
  params: unknown[],
  again: (fault: Fault, attempts: number) => boolean,
): Promise<unknown> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      const { rows } = await transaction.pg.query(STATEMENT, params);
      return (rows[0] as { txid: unknown } | undefined)?.txid ?? null;
    } catch (error) {
      const fault = faultOf(error);
      if (fault.kind === "conflict") throw new Conflict(transaction.tables);
      if (fault.kind === "taken") throw new Conflict(transaction.tables, fault.error as HttpError);
      if (!again(fault, attempts)) throw fault.error;
      if (fault.kind !== "stale") await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

const STATEMENT =
  "SELECT kontract.commit(decode($1::text, 'hex'), $2::text, $3::text::jsonb, $4::text::jsonb, $5::text::jsonb) AS txid";
const REPEATED: ReadonlySet<string> = new Set(["cancelled", "stale", "lost"]);
const ATTEMPTS = 3;
const PAUSE_MS = 20;
/** How long a call waits to be told what came of its commit. */
const PATIENCE_MS = 3000;
