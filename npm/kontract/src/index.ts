/**
 * Annotations, types and errors. Safe to import on both sides.
 *
 * @packageDocumentation
 */
export { backend, type BackendOptions } from "./annotations/backend.js";
export {
  defineMiddleware,
  type FilteredMiddleware,
  type MiddlewareEntry,
  type MiddlewareFilter,
  mwfilter,
} from "./annotations/middleware.js";
export * from "./annotations/schema.js";
export type {
  AnyFunction,
  ClassAnnotation,
  FieldAnnotation,
  MethodAnnotation,
  ScalarAnnotation,
} from "./annotations/shapes.js";
export {
  ConflictError,
  type ErrorMessage,
  ForbiddenError,
  HttpError,
  type HttpErrorOptions,
  NotFoundError,
  PermissionError,
  StaleClientError,
  UnauthorizedError,
} from "./errors.js";
export { HttpResp } from "./http-resp.js";
export { generateLazyRoutes, type LazyRouteEntry } from "./lazy-routes.js";
export { type PermName, perms } from "./perms.js";
export type { AuthConfig } from "./types/auth.js";
export type { Context, Middleware, Next, RouteInfo, SessionInfo } from "./types/context.js";
export * from "./types/registry.js";
export * from "./types/schema.js";
export type {
  DefaultKey,
  Filter,
  Keyless,
  OrderBy,
  QueryOptions,
  Rows,
  StoredRecord,
  TableProxy,
  UntypedTable,
} from "./types/storage.js";
export type { RouteMeta } from "./runtime/routes.js";
export { verifyAccess } from "./verify-access.js";
