/**
 * What compiled server modules import, and what a host needs to serve them.
 *
 * @packageDocumentation
 */
export { perms } from "../perms.js";
export * from "../types/registry.js";
export type {
  FieldDescription,
  StorageAccess,
  StorageBackend,
  TableDescription,
  TableDescriptions,
  Transacting,
} from "./backing.js";
export { __kontract_lazy, type LazyModule, type LazyRoutes } from "./lazy.js";
export { __kontract_around, __kontract_refuse, type Around } from "./chain.js";
export { failureBody, type FailedCall, type FailureBody } from "./failure.js";
export { ctx, env } from "./globals.js";
export { __kontract_instance } from "./instance.js";
export { type Call, type Host, invoke } from "./invoke.js";
export { consoleLogger, type LogEntry, type Logger } from "./log.js";
export type { FieldClass, JsonObject, RowCodec } from "./rows.js";
export type { LazyRoute, Route, RouteCodec, RouteMeta, Routes } from "./routes.js";
export type { Session, SessionSource } from "./session.js";
export { CONTENT_TYPES, type Form, formOf, type Payload, type Reply } from "./wire.js";
