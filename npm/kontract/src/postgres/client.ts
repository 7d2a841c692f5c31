import { faultOf } from "./fault.js";

/**
 * What is asked of a client of PostgreSQL: a pool or a client of node-postgres, or
 * what is like one. Every statement stands for itself, so a pooler in transaction
 * mode may be in between.
 */
export interface PgClient {
  query(text: string, params: unknown[]): Promise<{ rows: unknown[] }>;
}

/** A row of an answer, by the names of its columns. */
export type Answer = Readonly<Record<string, unknown>>;

/** A bigint column: text in node-postgres, a number or a bigint in others. */
export function toBigInt(value: unknown): bigint {
  return typeof value === "bigint" ? value : BigInt(String(value));
}

/** Runs a statement that may be run twice: a read, or a write that tells a repetition. */
export async function ask(pg: PgClient, text: string, params: unknown[]): Promise<Answer[]> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return (await pg.query(text, params)).rows as Answer[];
    } catch (error) {
      const fault = faultOf(error);
      if (!REPEATED.has(fault.kind) || attempts === ATTEMPTS) throw fault.error;
    }
  }
}

/** Sends a statement that is applied once however often it arrives, until it is known what came of it. Throws faults. */
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

// A neighbour was cancelled, the schema was changed, or the connection had been lost before it was used again.
const REPEATED: ReadonlySet<string> = new Set(["cancelled", "stale", "lost"]);
const ATTEMPTS = 3;
const PAUSE_MS = 20;
/** How long a call waits to be told what came of its commit. */
const PATIENCE_MS = 3000;
