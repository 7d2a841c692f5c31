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
