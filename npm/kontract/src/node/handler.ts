import { randomUUID } from "node:crypto";
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { HttpError, invalid, NOT_TAKEN, NotFoundError } from "../errors.js";
import { RAYSTREAM_PATH, RPC_BASE } from "../http-call.js";
import { MemoryStorage } from "../memory/storage.js";
import type { Node } from "../protocol/server.js";
import { failureBody } from "../runtime/failure.js";
import { type Host, invoke } from "../runtime/invoke.js";
import { consoleLogger, type Logger } from "../runtime/log.js";
import { PostgresStorage } from "../postgres/storage.js";
import { type Application, loadApplication } from "./application.js";
import { callerAddress } from "./address.js";
import { Arrivals } from "./arrivals.js";
import { Backlog } from "./backlog.js";
import { parseAuthConfig } from "./auth-config.js";
import { AUTH_METHODS, MAX_AUTH_BYTES, serveAuth } from "./auth-routes.js";
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
import { isLoopbackAddress, OriginPolicy } from "./origin.js";
import { PostgresAuth } from "./postgres-auth.js";
import { Raystream } from "./raystream/index.js";
import { Streams } from "./raystream/streams.js";
import { makeNode } from "./raystream/keys.js";
import { Readiness } from "./readiness.js";
import { type BodyLimits, readCallId, readCredential, readHeaders, readJson, readPayload, readSealed } from "./request.js";
import { type Answer, failureAnswer, jsonAnswer, replyAnswer, sealedAnswer, send } from "./respond.js";

/** Serves an application. To be given to `http.createServer`, or called for the requests that are Kontract's. */
export interface Handler {
  (request: IncomingMessage, response: ServerResponse): void;
  /** To be given to the server's event `upgrade`: encrypted calls over a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
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
  watchEffects();
  const accounts = options.sessions === undefined ? makeAccounts(application, options, postgres) : undefined;
  const backend = options.storage ?? (postgres === undefined ? new MemoryStorage() : new PostgresStorage(postgres.client));
  backend.declare(application.tables);

  const raystream = options.raystream === false ? undefined : await makeNode({ secret: postgres?.secret, ...options.raystream }, limits.bodyKb * 1024);

  const server = new NodeHost({
    raystream,
    reads: application.reads,
    host: {
      routes: application.routes,
      accepts: application.accepts,
      contained: application.contained,
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
    {
      auth: accounts ?? noAccounts,
      drain: () => server.drain(),
      upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer): void => void server.upgrade(request, socket, head),
    },
  );
}

function makeAccounts({ auth }: Application, options: HandlerOptions, postgres: PostgresOptions | undefined): Accounts {
  const settings = parseAuthConfig(auth, options.auth);
  return postgres === undefined ? new MemoryAuth(settings) : new PostgresAuth(postgres, settings);
}

interface NodeHostParts {
  host: Host;
  raystream: Node | undefined;
  reads: ReadonlySet<string>;
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
  readonly #readiness: Readiness;
  readonly #arrivals = new Arrivals(MAX_UNFINISHED);
  readonly #backlog = new Backlog();
  readonly #raystream: Raystream | undefined;
  readonly #work = new Set<Promise<unknown>>();
  // Requests that have arrived whole.
  #inFlight = 0;
  #draining = false;

  constructor(parts: NodeHostParts) {
    this.#parts = parts;
    this.#log = parts.host.log;
    this.#readiness = new Readiness(async () => parts.host.backend.ping?.());
    this.#host = { ...parts.host, keepAlive: (work) => this.#keep(work) };
    const { raystream: node, reads, dev } = parts;
    this.#raystream = node && new Raystream(node, { host: this.#host, reads, dev, arrivals: this.#arrivals, backlog: this.#backlog, enter: () => this.#enter(), streams: new Streams(Math.ceil(parts.limits.inFlight / 2)) });
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

  /** Makes a stream of a connection whose client asks for a WebSocket. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => {});
    const [path = ""] = (request.url ?? "").split("?", 1);
    try {
      if (this.#raystream === undefined || path !== RAYSTREAM_PATH) throw new NotFoundError();
      if (this.#draining) throw new HttpError("The server is closing", 503, NOT_TAKEN);
      this.#parts.origins.check(request);
      await this.#raystream.upgrade(request, socket, head);
    } catch (error) {
      const status = error instanceof HttpError ? error.status : 500;
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      if (status === 500) this.#log({ level: "error", message: "A WebSocket could not be opened", error });
    }
  }

  async drain(): Promise<void> {
    this.#draining = true;
    await this.#raystream?.drain();
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  async #answer(exchange: Exchange): Promise<void> {
    const { left } = exchange;
    try {
      const answer = await this.#serve(exchange);
      if (answer !== undefined) this.#send(exchange, answer);
    } catch (error) {
      if (left.signal.aborted && error === left.signal.reason) return;
      const { callId, route } = exchange;
      const call = route === undefined ? { callId } : { callId, route };
      const failure = failureBody(error, call, this.#log, this.#parts.dev && isLoopbackAddress(callerAddress(exchange.request)));
      this.#send(exchange, failureAnswer(failure));
    }
  }

  #send({ response }: Exchange, answer: Answer): void {
    // The rest of a request that came too late would be taken for the next one.
    const last = this.#draining || answer.status === 408;
    send(response, last ? { ...answer, headers: [...answer.headers, ["connection", "close"]] } : answer, this.#backlog);
  }

  async #serve(exchange: Exchange): Promise<Answer | undefined> {
    const { request, response } = exchange;
    const { accounts, origins } = this.#parts;
    const [path = ""] = (request.url ?? "").split("?", 1);
    if (path === "/health") return only(exchange, "GET", () => jsonAnswer(200, { status: "ok" }));
    if (path === "/ready") return only(exchange, "GET", () => this.#ready());

    origins.describe(request, response);
    if (request.method === "OPTIONS") {
      origins.preflight(request, response);
      return undefined;
    }
    if (this.#draining) return notTaken("The server is closing");
    const route = this.#routeOf(path);
    if (route !== undefined) return only(exchange, "POST", () => this.#call(exchange, route));
    if (this.#raystream !== undefined && path === RAYSTREAM_PATH) {
      return only(exchange, "POST", () => this.#sealed(exchange, this.#raystream as Raystream));
    }
    const action = path.startsWith("/auth/") ? path.slice("/auth/".length) : "";
    if (accounts !== undefined && Object.hasOwn(AUTH_METHODS, action)) {
      return only(exchange, AUTH_METHODS[action] as string, () => this.#auth(accounts, action, request));
    }
    throw new NotFoundError();
  }

  async #ready(): Promise<Answer> {
    if (this.#draining) return jsonAnswer(503, { status: "closing" });
    return (await this.#readiness.isReady()) ? jsonAnswer(200, { status: "ready" }) : jsonAnswer(503, { status: "no database" });
  }

  /** Serves a request that has arrived whole. */
  async #admit(serve: () => Promise<Answer>): Promise<Answer> {
    const leave = this.#enter();
    if (leave === undefined) return notTaken("Too many calls at the same time");
    try {
      return await serve();
    } finally {
      leave();
    }
  }

  /** Counts a call until what is returned is called; undefined where there are too many. */
  #enter(): (() => void) | undefined {
    if (this.#inFlight >= this.#parts.limits.inFlight) return undefined;
    this.#inFlight += 1;
    return () => {
      this.#inFlight -= 1;
    };
  }

  async #sealed({ request, left }: Exchange, raystream: Raystream): Promise<Answer> {
    this.#parts.origins.check(request);
    const body = await readSealed(request, this.#bodyLimits(this.#host.maxBytes + ABOUT_CALLS));
    return sealedAnswer(await raystream.post(body, request, left.signal));
  }

  async #auth(accounts: Accounts, action: string, request: IncomingMessage): Promise<Answer> {
    if (request.method !== "POST") return this.#admit(() => serveAuth(accounts, action, request, undefined));
    this.#parts.origins.check(request);
    const body = await readJson(request, this.#bodyLimits(MAX_AUTH_BYTES));
    return this.#admit(() => serveAuth(accounts, action, request, body));
  }

  #bodyLimits(maxBytes: number): BodyLimits {
    return { maxBytes, deadlineMs: this.#parts.limits.deadlineMs, arrivals: this.#arrivals };
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
    this.#parts.origins.check(request);
    const key = readCallId(request);
    exchange.callId = key ?? exchange.callId;
    response.setHeader("x-kontract-call-id", exchange.callId);
    if (!this.#host.routes.has(route)) throw new NotFoundError(`Route ${route.slice(0, 100)} not found`);
    exchange.route = route;
    const credential = readCredential(request);
    const payload = await readPayload(request, this.#bodyLimits(this.#host.maxBytes));
    const call = {
      route,
      payload,
      credential,
      method: "POST",
      headers: readHeaders(request),
      callId: exchange.callId,
      ...(key === undefined ? {} : { key }),
      signal: left.signal,
    };
    return this.#admit(async () => replyAnswer(await invoke(this.#host, call)));
  }

  #keep(work: Promise<unknown>): void {
    this.#work.add(work);
    const forget = (): void => void this.#work.delete(work);
    work.then(forget, forget);
  }
}

// Not thrown: under load a log entry for each would be too much.
function notTaken(message: string): Answer {
  return failureAnswer({ code: NOT_TAKEN, message, status: 503 });
}

function only<Result>({ request, response }: Exchange, method: string, serve: () => Result): Result {
  const { method: asked } = request;
  if (asked === method || (asked === "HEAD" && method === "GET")) return serve();
  response.setHeader("allow", method === "GET" ? "GET, HEAD" : method);
  throw new HttpError("Method not allowed", 405, "INVALID_REQUEST");
}

/** What a POST has besides the arguments of its calls. */
const ABOUT_CALLS = 64 << 10;
/** Bytes of bodies that have not arrived whole. */
const MAX_UNFINISHED = 64 << 20;
