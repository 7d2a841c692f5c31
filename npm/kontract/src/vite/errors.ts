import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { explained, inWords } from "../compiler/errors.js";
import type { Diagnostic } from "../compiler/protocol.js";

/** As Vite's overlay, its terminal and Rolldown take errors. */
export interface ViteError {
  message: string;
  stack: string;
  plugin: string;
  id?: string;
  /** Shown as it is: both count from 1. */
  loc?: { file: string; line: number; column: number };
  frame?: string;
}

/** All errors as one: the first with its place in the code, the others below it. */
export function viteError(project: string, diagnostics: readonly Diagnostic[]): ViteError {
  const [first, ...others] = diagnostics.filter((found) => found.severity === "error");
  const error: ViteError = { message: "The sources have errors", stack: others.map(inWords).join("\n\n"), plugin: "kontract" };
  if (first === undefined) return error;
  error.message = explained(first);
  if (first.file === "") return error;
  error.id = resolve(project, first.file);
  if (first.line === undefined) return error;
  const { line, column = 1 } = first;
  error.loc = { file: error.id, line, column };
  error.frame = frame(error.id, line, column);
  return error;
}

/** The lines around a place, and a mark below it. */
function frame(file: string, line: number, column: number): string {
  let lines: string[];
  try {
    lines = readFileSync(file, "utf8").split(/\r?\n/);
  } catch {
    return ""; // It has gone meanwhile.
  }
  const begin = Math.max(0, line - 1 - CONTEXT);
  const shown = lines.slice(begin, line + CONTEXT).flatMap((text, index) => {
    const number = begin + index + 1;
    const numbered = `${String(number).padStart(5)} | ${text}`;
    return number === line ? [numbered, `      | ${" ".repeat(column - 1)}^`] : [numbered];
  });
  return shown.join("\n");
}

const CONTEXT = 2;
