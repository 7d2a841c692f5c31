/**
 * A value that does not have its declared type, or bytes that hold none.
 * `path` leads to it: `args[0].email`, `result[3].name`.
 */
export class CodecError extends Error {
  override readonly name = "CodecError";
  readonly path: string;

  constructor(path: string, message: string) {
    super(path === "" ? message : `${path}: ${message}`);
    this.path = path;
  }
}
// Recognised across copies of this package, where `instanceof` is not.
Object.defineProperty(CodecError.prototype, Symbol.for("kontract.CodecError"), { value: true });

/** Is this a {@link CodecError}, of this or another copy of the package? */
export function isCodecError(value: unknown): value is CodecError {
  return (
    value instanceof Error &&
    (value as unknown as { [brand: symbol]: unknown })[Symbol.for("kontract.CodecError")] === true
  );
}
