/** What an error carries besides its message, status and code. */
export interface HttpErrorOptions {
  /** Where in the arguments the fault is: `args[0].email`. */
  path?: string;
  cause?: unknown;
}

/** The wording of an error class that builds its message from a subject. */
export interface ErrorMessage extends HttpErrorOptions {
  message: string;
}

/**
 * An error whose message, status and code are meant for the caller.
 * Any other error reaches the client as `INTERNAL_ERROR` without its message.
 */
export class HttpError extends Error {
  readonly status: number;
  /** A stable name such as `NOT_FOUND`; derived from the status when left out. */
  readonly code: string;
  readonly path?: string;

  constructor(message: string, status: number, code?: string, options: HttpErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.status = status;
    this.code = code ?? codeOfStatus(status);
    if (options.path !== undefined) this.path = options.path;
  }
}
// Recognised across copies of this package, where `instanceof` is not.
Object.defineProperty(HttpError.prototype, Symbol.for("kontract.HttpError"), { value: true });

/** 400 `INVALID_REQUEST`. A path that leads nowhere is none. */
export function invalid(message: string, path = "", cause?: unknown): HttpError {
  return new HttpError(message, 400, "INVALID_REQUEST", { ...(path === "" ? {} : { path }), cause });
}

/** 401 `UNAUTHORIZED`: the call has no valid session. */
export class UnauthorizedError extends HttpError {
  constructor(message = "Unauthorized", options?: HttpErrorOptions) {
    super(message, 401, "UNAUTHORIZED", options);
  }
}

/** 403 `FORBIDDEN`: the session may not make this call. */
export class ForbiddenError extends HttpError {
  constructor(message = "Forbidden", options?: HttpErrorOptions) {
    super(message, 403, "FORBIDDEN", options);
  }
}

/** 404 `NOT_FOUND`. */
export class NotFoundError extends HttpError {
  constructor(message = "Not Found", options?: HttpErrorOptions) {
    super(message, 404, "NOT_FOUND", options);
  }
}

/**
 * 403 `PERMISSION_DENIED`: a permission mask lacks a bit.
 *
 * `new PermissionError('email')` says that the field is read-only; the static
 * constructors give the other wordings.
 */
export class PermissionError extends HttpError {
  constructor(field: string | ErrorMessage) {
    const options = typeof field === "string" ? { message: `Field '${field}' is read-only` } : field;
    super(options.message, 403, "PERMISSION_DENIED", options);
  }

  /** "Insufficient permissions" */
  static insufficient(): PermissionError {
    return new PermissionError({ message: "Insufficient permissions" });
  }

  /** "Cannot read table users" */
  static table(operation: "read" | "write" | "delete", table: string): PermissionError {
    return new PermissionError({ message: `Cannot ${operation} table ${table}` });
  }
}

/** 409 `CONFLICT`: another call changed the same data, or a value must be unique. */
export class ConflictError extends HttpError {
  constructor(message = "Conflict, try again", options?: HttpErrorOptions) {
    super(message, 409, "CONFLICT", options);
  }
}

/** 409 `STALE_CLIENT`: the client was built against a contract the server no longer serves. */
export class StaleClientError extends HttpError {
  constructor(subject: string | ErrorMessage) {
    const options =
      typeof subject === "string"
        ? { message: `This client was built for an older version of ${subject}` }
        : subject;
    super(options.message, 409, "STALE_CLIENT", options);
  }
}

/** Is this an {@link HttpError}, of this or another copy of the package? */
export function isHttpError(value: unknown): value is HttpError {
  return (
    value instanceof Error &&
    (value as unknown as { [brand: symbol]: unknown })[Symbol.for("kontract.HttpError")] === true
  );
}

/** An error as it travels in a JSON answer. */
export interface ErrorBody {
  code: string;
  message: string;
  status: number;
  path?: string;
}

/** Turns an answer's error into the class that its code names, so that `instanceof` works. */
export function rebuildError({ code, message, status, path }: ErrorBody): HttpError {
  const options = path === undefined ? {} : { path };
  const typed = fromCode(code, message, options);
  return typed?.status === status ? typed : new HttpError(message, status, code, options);
}

/** The code, with 503, of a server that has not begun a call, so that it may be made again. */
export const NOT_TAKEN = "NOT_TAKEN";

/** The code for an error that was made with a status alone. */
export function codeOfStatus(status: number): string {
  return STATUS_CODES[status] ?? (status >= 400 && status < 500 ? "INVALID_REQUEST" : "INTERNAL_ERROR");
}

function fromCode(code: string, message: string, options: HttpErrorOptions): HttpError | undefined {
  switch (code) {
    case "UNAUTHORIZED":
      return new UnauthorizedError(message, options);
    case "FORBIDDEN":
      return new ForbiddenError(message, options);
    case "NOT_FOUND":
      return new NotFoundError(message, options);
    case "PERMISSION_DENIED":
      return new PermissionError({ message, ...options });
    case "CONFLICT":
      return new ConflictError(message, options);
    case "STALE_CLIENT":
      return new StaleClientError({ message, ...options });
    default:
      return undefined;
  }
}

const STATUS_CODES: Readonly<Record<number, string>> = {
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  408: "TIMEOUT",
  409: "CONFLICT",
  429: "RATE_LIMITED",
  502: "SERVICE_UNAVAILABLE",
  503: "SERVICE_UNAVAILABLE",
  504: "TIMEOUT",
};
