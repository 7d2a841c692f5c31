/** One thing worth telling the operator. */
export interface LogEntry {
  level: "info" | "warn" | "error";
  message: string;
  /** The call it belongs to. */
  callId?: string;
  route?: string;
  /** What was thrown. */
  error?: unknown;
}

/** Receives log entries. Arguments, headers and credentials are never among them. */
export type Logger = (entry: LogEntry) => void;

/** Writes each entry as one line of JSON to standard error. */
export const consoleLogger: Logger = ({ error, ...entry }) => {
  const detail = error === undefined ? {} : { error: describe(error) };
  // JSON escapes line ends and control characters, so that no message can forge an entry.
  console.error(JSON.stringify({ time: new Date().toISOString(), ...entry, ...detail }));
};

/** What was thrown, as text: the stack where there is one, with the causes. */
export function describe(error: unknown, show: (error: Error) => string = stackOf): string {
  const parts: string[] = [];
  let current = error;
  for (let depth = 0; depth < LONGEST_CAUSE_CHAIN && current !== undefined; depth += 1) {
    parts.push(describeOne(current, show));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join("\ncaused by: ");
}

function describeOne(error: unknown, show: (error: Error) => string): string {
  try {
    return error instanceof Error ? show(error) : String(error);
  } catch {
    return "a value that cannot be shown";
  }
}

function stackOf(error: Error): string {
  return error.stack ?? String(error);
}

const LONGEST_CAUSE_CHAIN = 5;
