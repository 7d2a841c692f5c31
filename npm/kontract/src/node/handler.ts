import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpError, invalid, NotFoundError } from "../errors.js";
import { RPC_BASE } from "../http-call.js";
import { MemoryStorage } from "../memory/storage.js";
import { failureBody } from "../runtime/failure.js";
import { type Host, invoke } from "../runtime/invoke.js";
import { consoleLogger, type Logger } from "../runtime/log.js";
import { PostgresStorage } from "../postgres/storage.js";
import { type Application, loadApplication } from "./application.js";
import { parseAuthConfig } from "./auth-config.js";
import { AUTH_METHODS, serveAuth } from "./auth-routes.js";
import { type Accounts, MemoryAuth, noAccounts, type ServerAuth } from "./auth.js";
import { watchEffects } from "./effects.js";
import {
  type HandlerOptions,
  type Limits,
  parseBase,
  parseLimits,
  parsePostgres,
  type PostgresOptions,
  readVariables,
} from "./options.js";
import { OriginPolicy } from "./origin.js";
import { PostgresAuth } from "./postgres-auth.js";
import { readCallId, readCredential, readHeaders, readPayload } from "./request.js";
import { type Answer, failureAnswer, jsonAnswer, replyAnswer, send } from "./respond.js";

/** Serves an application. To be given to `http.createServer`, or called for the requests that are Kontract's. */
export interface Handler {
  (request: IncomingMessage, response: ServerResponse): void;
  /** The server's accounts. */
  readonly auth: ServerAuth;
  /** Refuses new calls from now on, and resolves when no call and no `waitUntil` work is left. */
  drain(): Promise<void>;
}

/** Loads a compiled application and makes the handler that serves it. */
export async function createHandler(options: HandlerOptions): Promise<Handler> {
  const limits = parseLimits(options.limits);
  const base = parseBase(options.base);
  const origins = new OriginPolicy(options.cors);
  const variables = readVariables(options.env);
  const application = await loadApplication(options.dist);
  const postgres = parsePostgres(options);
  if (postgres !== undefined) watchEffects();
  const accounts = options.sessions === undefined ? makeAccounts(application, options, postgres) : undefined;
  const backend = options.storage ?? (postgres === undefined ? new MemoryStorage() : new PostgresStorage(postgres.client));
  backend.declare(application.tables);

  const server = new NodeHost({
    host: {
      routes: application.routes,
      accepts: application.accepts,
      sessions: options.sessions ?? (accounts as Accounts),
      backend,
      auth: accounts ?? noAccounts,
      variables,
      log: options.log ?? consoleLogger,
      base: base ?? RPC_BASE,
      deadlineMs: limits.deadlineMs,
      maxBytes: limits.bodyKb * 1024,
    },
    accounts,
    origins,
    limits,
    dev: options.dev ?? false,
  });
  return Object.assign(
    (request: IncomingMessage, response: ServerResponse): void => void server.handle(request, response),
    { auth: accounts ?? noAccounts, drain: () => server.drain() },
  );
}

function makeAccounts({ auth }: Application, options: HandlerOptions, postgres: PostgresOptions | undefined): Accounts {
  const settings = parseAuthConfig(auth, options.auth);
  return postgres === undefined ? new MemoryAuth(settings) : new PostgresAuth(postgres, settings, options.log ?? consoleLogger);
}

interface NodeHostParts {
  host: Host;
  accounts: Accounts | undefined;
  origins: OriginPolicy;
  limits: Required<Limits>;
  dev: boolean;
}

/** A request while it is being answered. */
interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  callId: string;
  route?: string;
  /** Aborted when the client has gone. */
  left: AbortController;
}

class NodeHost {
  readonly #host: Host;
  readonly #parts: NodeHostParts;
  readonly #log: Logger;
  readonly #work = new Set<Promise<unknown>>();
  #inFlight = 0;
  #draining = false;

  constructor(parts: NodeHostParts) {
    this.#parts = parts;
    this.#log = parts.host.log;
    this.#host = { ...parts.host, keepAlive: (work) => this.#keep(work) };
  }

  handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange: Exchange = { request, response, callId: randomUUID(), left: new AbortController() };
    response.on("close", () => {
      if (!response.writableFinished) exchange.left.abort();
    });
    response.on("error", () => {});
    // Only a logger that throws gets here: the answer is lost, the process is not.
    const done = this.#answer(exchange).catch(() => void response.destroy());
    this.#keep(done);
    return done;
  }

  async drain(): Promise<void> {
    this.#draining = true;
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  async #answer(exchange: Exchange): Promise<void> {
    const { left } = exchange;
    this.#inFlight += 1;
    try {
      const answer = await this.#serve(exchange);
      if (answer !== undefined) this.#send(exchange, answer);
    } catch (error) {
      if (left.signal.aborted && error === left.signal.reason) return;
      const { callId, route } = exchange;
      const call = route === undefined ? { callId } : { callId, route };
      const failure = failureBody(error, call, this.#log, this.#parts.dev);
      this.#send(exchange, failureAnswer(failure));
    } finally {
      this.#inFlight -= 1;
    }
  }

  #send({ response }: Exchange, answer: Answer): void {
    // The rest of a request that came too late would be taken for the next one.
    const last = this.#draining || answer.status === 408;
    send(response, last ? { ...answer, headers: [...answer.headers, ["connection", "close"]] } : answer);
  }

  async #serve(exchange: Exchange): Promise<Answer | undefined> {
    const { request, response } = exchange;
    const { accounts, origins, limits } = this.#parts;
    const [path = ""] = (request.url ?? "").split("?", 1);
    if (path === "/health") return only(exchange, "GET", () => jsonAnswer(200, { status: "ok" }));
    if (path === "/ready") return only(exchange, "GET", () => this.#ready());

    origins.describe(request, response);
    if (request.method === "OPTIONS") {
      origins.preflight(request, response);
      return undefined;
    }
    if (this.#draining) return unavailable("The server is closing");
    if (this.#inFlight > limits.inFlight) return unavailable("Too many calls at the same time");
    const route = this.#routeOf(path);
    if (route !== undefined) return only(exchange, "POST", () => this.#call(exchange, route));
    const action = path.startsWith("/auth/") ? path.slice("/auth/".length) : "";
    if (accounts !== undefined && Object.hasOwn(AUTH_METHODS, action)) {
      return only(exchange, AUTH_METHODS[action] as string, () => {
        if (request.method === "POST") origins.check(request);
        return serveAuth(accounts, action, request, limits.deadlineMs);
      });
    }
    throw new NotFoundError();
  }

  #ready(): Answer {
    return this.#draining ? jsonAnswer(503, { status: "closing" }) : jsonAnswer(200, { status: "ready" });
  }

  #routeOf(path: string): string | undefined {
    const base = [this.#host.base, RPC_BASE].find((prefix) => path.startsWith(`${prefix}/`));
    if (base === undefined) return undefined;
    try {
      return decodeURIComponent(path.slice(base.length + 1));
    } catch {
      throw invalid("path: expected a route's name");
    }
  }

  async #call(exchange: Exchange, route: string): Promise<Answer> {
    const { request, response, left } = exchange;
    const { origins, limits } = this.#parts;
    origins.check(request);
    const key = readCallId(request);
    exchange.callId = key ?? exchange.callId;
    response.setHeader("x-kontract-call-id", exchange.callId);
    if (!this.#host.routes.has(route)) throw new NotFoundError(`Route ${route.slice(0, 100)} not found`);
    exchange.route = route;
    const credential = readCredential(request);
    const payload = await readPayload(request, this.#host.maxBytes, limits.deadlineMs);

    const reply = await invoke(this.#host, {
      route,
      payload,
      credential,
      method: "POST",
      headers: readHeaders(request),
      callId: exchange.callId,
      ...(key === undefined ? {} : { key }),
      signal: left.signal,
    });
    return replyAnswer(reply);
  }

  #keep(work: Promise<unknown>): void {
    this.#work.add(work);
    const forget = (): void => void this.#work.delete(work);
    work.then(forget, forget);
  }
}

// Not thrown: under load a log entry for each would be too much.
function unavailable(message: string): Answer {
  return failureAnswer({ code: "SERVICE_UNAVAILABLE", message, status: 503 });
}

function only<Result>({ request, response }: Exchange, method: string, serve: () => Result): Result {
  const { method: asked } = request;
  if (asked === method || (asked === "HEAD" && method === "GET")) return serve();
  response.setHeader("allow", method === "GET" ? "GET, HEAD" : method);
  throw new HttpError("Method not allowed", 405, "INVALID_REQUEST");
}
