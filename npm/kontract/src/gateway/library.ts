export { backend } from "../annotations/backend.js";
export { defineMiddleware, mwfilter } from "../annotations/middleware.js";
export * from "../annotations/schema.js";
export {
  ConflictError,
  ForbiddenError,
  HttpError,
  NotFoundError,
  PermissionError,
  StaleClientError,
  UnauthorizedError,
} from "../errors.js";
export { HttpResp } from "../http-resp.js";
export { perms } from "../perms.js";
export { __kontract_around, __kontract_refuse } from "../runtime/chain.js";
export { __kontract_instance } from "../runtime/instance.js";
export { __kontract_lazy } from "../runtime/lazy.js";
export { verifyAccess } from "../verify-access.js";
export { ctx, env } from "./call.js";
