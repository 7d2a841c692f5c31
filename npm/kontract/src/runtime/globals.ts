import type { Context } from "../types/context.js";
import type { Env } from "../types/registry.js";
import { type CallEnv, currentInvocation } from "./scope.js";
import { readVariable, view } from "./view.js";

/** The call that is being served. Available inside backend functions and middlewares. */
export const ctx: Context = view("ctx", () => currentInvocation("ctx").context);

/** Storage, shared state, accounts and environment variables. Available inside backend functions and middlewares. */
export const env: Env = view("env", () => currentInvocation("env").env, readEnv);

function readEnv(from: CallEnv, key: string): unknown {
  if (key === "storage" || key === "shared" || key === "auth" || key === "afterCommit") return from[key];
  return readVariable(from.variables, key);
}
