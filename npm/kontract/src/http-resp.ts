/**
 * A result with a status and headers of its own. The client of a function that
 * returns `HttpResp<T>` receives `T`.
 */
export class HttpResp<T = unknown> {
  readonly data: T;
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(data: T, status = 200, headers: Record<string, string> = {}) {
    this.data = data;
    this.status = status;
    this.headers = headers;
  }

  /** 200 */
  static ok<T>(data: T, headers?: Record<string, string>): HttpResp<T> {
    return new HttpResp(data, 200, headers);
  }

  /** 201 */
  static created<T>(data: T, headers?: Record<string, string>): HttpResp<T> {
    return new HttpResp(data, 201, headers);
  }

  /** 204, without a body: the client receives null. */
  static noContent(headers?: Record<string, string>): HttpResp<null> {
    return new HttpResp(null, 204, headers);
  }

  /** 302 with a `Location` header and without a body. */
  static redirect(url: string): HttpResp<null> {
    return new HttpResp(null, 302, { Location: url });
  }
}
// Recognised across copies of this package, where `instanceof` is not.
Object.defineProperty(HttpResp.prototype, Symbol.for("kontract.HttpResp"), { value: true });

/** Is this an {@link HttpResp}, of this or another copy of the package? */
export function isHttpResp(value: unknown): value is HttpResp {
  return (
    typeof value === "object" &&
    value !== null &&
    (value as { [brand: symbol]: unknown })[Symbol.for("kontract.HttpResp")] === true
  );
}
