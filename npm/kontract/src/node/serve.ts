import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { consoleLogger } from "../runtime/log.js";
import type { ServerAuth } from "./auth.js";
import { createHandler, type Handler } from "./handler.js";
import { type HandlerOptions, parseLimits } from "./options.js";

/** How an application is served. */
export interface ServeOptions extends HandlerOptions {
  /** 8787 when left out; 0 for any that is free. */
  port?: number;
  /** 127.0.0.1 when left out: this machine only. */
  host?: string;
}

/** A server that is running. */
export interface Server {
  /** Its address, without a slash at its end. */
  readonly url: string;
  /** Its accounts. */
  readonly auth: ServerAuth;
  /** Takes no new calls, lets those that run finish within their deadline, and resolves when all is over. */
  close(): Promise<void>;
}

/**
 * Serves a compiled application over HTTP.
 *
 * While it runs, a promise that is rejected and that nobody awaits is logged and
 * does not end the process: one call's forgotten `await` must not end the others.
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const { port = 8787, host = "127.0.0.1", log = consoleLogger } = options;
  const handler = await createHandler(options);
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, handler);
  server.maxConnections = MAX_CONNECTIONS;
  server.on("upgrade", handler.upgrade);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });

  const rejected = (error: unknown): void =>
    log({ level: "error", message: "A promise was rejected that nobody awaited: is an `await` missing?", error });
  process.on("unhandledRejection", rejected);

  let closing: Promise<void> | undefined;
  return {
    url: addressOf(server.address() as AddressInfo),
    auth: handler.auth,
    close: () =>
      (closing ??= closeServer(server, handler, parseLimits(options.limits).deadlineMs).finally(() =>
        process.off("unhandledRejection", rejected),
      )),
  };
}

async function closeServer(
  server: ReturnType<typeof createServer>,
  handler: Handler,
  deadlineMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([handler.drain(), late]);
  clearTimeout(timer);
  server.closeIdleConnections();
  // Connections whose caller does not hang up, or calls that outlive their deadline.
  setTimeout(() => server.closeAllConnections(), GRACE_MS).unref();
  await closed;
}

function addressOf({ address, family, port }: AddressInfo): string {
  if (address === "0.0.0.0" || address === "::") return `http://localhost:${port}`;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

const MAX_CONNECTIONS = 8192;
// For answers that are still being written.
const GRACE_MS = 250;
