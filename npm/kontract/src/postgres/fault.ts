import { ConflictError, HttpError, invalid, NotFoundError, PermissionError, UnauthorizedError } from "../errors.js";

/** What can go wrong between a call and PostgreSQL. */
export type FaultKind =
  /** For the caller: permission, identifiers, values. */
  | "refused"
  /** Another call changed what this one saw: it may run again. */
  | "conflict"
  /** A field whose values must differ has this one already. */
  | "taken"
  /** A rule of a table does not hold, in PostgreSQL's words. Nothing was done. */
  | "violated"
  /** PostgreSQL cannot be reached, or will not serve. Nothing was done. */
  | "unavailable"
  /** The connection broke while the statement was under way: it may have been done. */
  | "lost"
  /** Someone cancelled the statement. Nothing was done. */
  | "cancelled"
  /** A plan that was made before the schema changed. */
  | "stale"
  | "internal";

/** Why a statement failed. Its message is the caller's, or says to the log what may be said. */
export class Fault extends Error {
  readonly kind: FaultKind;
  readonly error: Error;

  constructor(kind: FaultKind, error: Error) {
    super(error.message);
    this.kind = kind;
    this.error = error;
  }
}

/** What a client threw, as a fault. */
export function faultOf(error: unknown): Fault {
  const { code, table, column, message } = (error ?? {}) as Partial<Record<string, unknown>>;
  const text = String(message ?? "");
  if (typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code)) return withoutState(code, text);
  switch (code) {
    case "KX401":
      return new Fault("refused", new UnauthorizedError());
    case "KX403":
      return new Fault("refused", new PermissionError({ message: text }));
    case "KX404":
      return new Fault("refused", new NotFoundError(text));
    case "KX400":
      return new Fault("refused", invalidAt(text));
    case "KX409":
      if (typeof table !== "string" || typeof column !== "string") return conflict();
      return new Fault("taken", new ConflictError(`Another row of ${table} has this ${column}`, { path: `${table}.${column}` }));
    // Serialization failure, and deadlock.
    case "40001":
    case "40P01":
      return conflict();
    case "23505":
      return new Fault("violated", new ConflictError());
    // A check, and a value that is too long for an index.
    case "23514":
    case "54000":
      return new Fault("violated", new Error(describe(code, text)));
    case "57014":
      return new Fault("cancelled", new HttpError("The call did not finish in time", 504, "TIMEOUT"));
    // A plan of a function that was replaced, a prepared statement that is gone.
    case "0A000":
    case "26000":
      return new Fault("stale", unavailable("The database's schema is being changed, try again"));
  }
  if (code.startsWith("08") || code.startsWith("57")) return new Fault("lost", unavailable());
  // Too many connections, out of memory or disk.
  if (code.startsWith("53")) return new Fault("unavailable", unavailable());
  return new Fault("internal", new Error(describe(code, text)));
}

/** Errors of the client itself: sockets, time limits, pools. */
function withoutState(code: unknown, message: string): Fault {
  if (typeof code === "string" && NOT_CONNECTED.has(code)) return new Fault("unavailable", unavailable());
  if (/when trying to connect|connection timeout/i.test(message)) return new Fault("unavailable", unavailable());
  const broken = typeof code === "string" || /connection|connect|socket|terminated|timeout|closed/i.test(message);
  return broken ? new Fault("lost", unavailable()) : new Fault("internal", new Error(`the client of PostgreSQL failed: ${message}`));
}

function conflict(): Fault {
  return new Fault("conflict", new ConflictError());
}

function unavailable(message = "The database cannot be reached"): HttpError {
  return new HttpError(message, 503, "SERVICE_UNAVAILABLE");
}

/** `path: expected …` names the place of the fault. */
function invalidAt(message: string): HttpError {
  const [path = "", rest] = message.split(": ", 2);
  return invalid(message, rest === undefined || path.includes(" ") ? "" : path);
}

/** Messages of other classes may quote values. */
function describe(code: string, message: string): string {
  const speaksOfSchema = code.startsWith("42") || code.startsWith("3F");
  return speaksOfSchema ? `SQLSTATE ${code}: ${message}` : `SQLSTATE ${code}`;
}

const NOT_CONNECTED: ReadonlySet<string> = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ENOTFOUND",
]);
