import { fileURLToPath } from "node:url";
import type { LogEntry } from "../runtime/log.js";
import { serve, type ServeOptions, type Server } from "../node/serve.js";

/** The compiled application that the tests serve. */
export const APPLICATION = fileURLToPath(new URL("../../test/app", import.meta.url));

/** A server for one test. */
export interface TestServer extends Server {
  /** What was logged. */
  entries: LogEntry[];
  /** Sends `POST /rpc/<route>`. */
  call(route: string, args?: unknown, headers?: Record<string, string>): Promise<TestAnswer>;
  /** Sends any request. */
  send(path: string, init?: RequestInit): Promise<TestAnswer>;
  /** Registers an account and returns its token. */
  register(email?: string): Promise<{ token: string; owner: string; bearer: Record<string, string> }>;
}

/** An answer that was read. */
export interface TestAnswer {
  status: number;
  headers: Headers;
  text: string;
  json: { result?: unknown; error?: Record<string, unknown>; [key: string]: unknown };
}

/** Starts the test application on a free port. */
export async function startServer(options: Partial<ServeOptions> = {}): Promise<TestServer> {
  const entries: LogEntry[] = [];
  const server = await serve({ dist: APPLICATION, port: 0, log: (entry) => entries.push(entry), ...options });
  const send = async (path: string, init: RequestInit = {}): Promise<TestAnswer> => {
    const response = await fetch(server.url + path, { redirect: "manual", ...init });
    const text = await response.text();
    const json = text === "" ? {} : (JSON.parse(text) as TestAnswer["json"]);
    return { status: response.status, headers: response.headers, text, json };
  };
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<TestAnswer> =>
    send(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  return {
    ...server,
    entries,
    send,
    call: (route, args = [], headers = {}) => post(`/rpc/${route}`, args, headers),
    async register(email = "ada@example.com") {
      const { json } = await post("/auth/register", { email, password: "correct horse" });
      const { token, owner } = json as { token: string; owner: string };
      return { token, owner, bearer: { authorization: `Bearer ${token}` } };
    },
  };
}

/** Waits until the condition holds, as long as it takes on a busy machine. */
export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 4_000 && !condition(); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (!condition()) throw new Error("the condition did not come true");
}

/** What the test application's functions left behind. */
export interface Traces {
  running: string[];
  aborted: string[];
  late: string[];
  finished: string[];
}

/** Reads what the test application's functions left behind in this process. */
export async function traces(): Promise<Traces> {
  return (await import(/* @vite-ignore */ `${APPLICATION}/server/api.js`)) as Traces;
}
