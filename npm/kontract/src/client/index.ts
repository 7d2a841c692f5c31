/**
 * What generated stubs call. It runs in browsers and in Node.js.
 *
 * @packageDocumentation
 */
export {
  ConflictError,
  ForbiddenError,
  HttpError,
  NotFoundError,
  PermissionError,
  StaleClientError,
  UnauthorizedError,
} from "../errors.js";
export { auth, type Credentials, type CurrentUser, type Login } from "./auth.js";
export { configure } from "./configure.js";
export { httpTransport } from "./http.js";
export { disconnect } from "./raystream/load.js";
export { __kontract_stream } from "./raystream/streaming.js";
export { __kontract_raystream, type Pinned } from "./raystream/wire.js";
export { __kontract_rpc } from "./rpc.js";
export type {
  CallMeta,
  CallOptions,
  ClientConfig,
  Codec,
  Transport,
  TransportRequest,
  WebSocketClass,
  WebSocketLike,
  Wire,
} from "./types.js";
