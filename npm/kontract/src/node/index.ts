/**
 * Serves a compiled application over `node:http`.
 *
 * @packageDocumentation
 */
export { loadTables } from "./application.js";
export type { Login, ServerAuth } from "./auth.js";
export { createHandler, type Handler } from "./handler.js";
export type { HandlerOptions, Limits, PostgresOptions } from "./options.js";
export type { RaystreamOptions } from "./raystream/keys.js";
export { serve, type ServeOptions, type Server } from "./serve.js";
