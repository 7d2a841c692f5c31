/** What `kontract watch --json` prints, as far as it is used here. Paths are relative to the project, with `/`. */
export interface Built {
  event: "built";
  /** The sources have no errors. */
  ok: boolean;
  /** An absolute path. */
  project: string;
  /** The output folder in it; null where the settings cannot be read. */
  out: string | null;
  /** Outputs whose bytes are others, and those that are gone. */
  written: string[];
  removed: string[];
  /** All that hold now. */
  diagnostics: Diagnostic[];
  /** Every source, of the last good build; absent where that is as it was. */
  modules?: SourceModule[];
}

export interface SourceModule {
  source: string;
  role: "server" | "client" | "shared";
  /** The output that stands for it in clients. */
  client?: string | null;
}

export interface Diagnostic {
  severity: "error" | "warning";
  code: string;
  message: string;
  file: string;
  line?: number;
  column?: number;
  help?: string;
}

/** What a request is answered with. */
export interface Answer {
  event: "settled" | "lifted" | "refused";
  id: number | null;
  text?: string;
  diagnostics?: Diagnostic[];
  message?: string;
}

/** A line. */
export type Message = Built | Answer | { event: "failed"; message: string };

/** None where it broke off: its writer was killed. */
export function readMessage(line: string): Message | undefined {
  try {
    return JSON.parse(line) as Message;
  } catch {
    return undefined;
  }
}
