import type { Diagnostic } from "./protocol.js";

/** What the compiler found in the sources. */
export class CompileError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(inWords).join("\n\n"));
    this.name = "CompileError";
    this.diagnostics = diagnostics;
    // Where it is thrown is of no interest: the places are in the message.
    this.stack = `${this.name}:\n\n${this.message}\n`;
  }
}

/** `src/api.ts:3:10 - K042: …`, and below it the help. */
export function inWords(found: Diagnostic): string {
  const place = [found.file, found.line, found.column].filter((part) => part !== undefined && part !== "").join(":");
  return `${place === "" ? "" : `${place} - `}${explained(found)}`;
}

export function explained({ code, message, help }: Diagnostic): string {
  return `${code}: ${message}${help === undefined ? "" : `\n  help: ${help}`}`;
}
