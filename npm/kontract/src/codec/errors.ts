/** A value that its declared type does not admit, or bytes that hold none. */
export class CodecError extends Error {
  /** Where the fault is: `args[0].email`, `result[3]`. */
  readonly path: string;

  constructor(path: string, fault: string) {
    super(`${path}: ${fault}`);
    this.name = "CodecError";
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
