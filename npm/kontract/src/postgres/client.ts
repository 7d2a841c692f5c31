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

// A neighbour was cancelled, the schema was changed, or the connection had been lost before it was used again.
const REPEATED: ReadonlySet<string> = new Set(["cancelled", "stale", "lost"]);
const ATTEMPTS = 3;
