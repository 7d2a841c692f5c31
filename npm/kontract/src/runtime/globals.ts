import type { Context } from "../types/context.js";
import type { Env } from "../types/registry.js";
import { type CallEnv, currentInvocation } from "./scope.js";

/** The call that is being served. Available inside backend functions and middlewares. */
export const ctx: Context = view("ctx", () => currentInvocation("ctx").context);

/** Storage, shared state, accounts and environment variables. Available inside backend functions and middlewares. */
export const env: Env = view("env", () => currentInvocation("env").env, readEnv);

type Read<Target> = (target: Target, key: string) => unknown;

/** An object that looks each property up in the call it is used by. */
function view<Shown extends object, Target extends object>(
  name: string,
  target: () => Target,
  read: Read<Target> = (from, key) => Reflect.get(from, key),
): Shown {
  const refuse = (): never => {
    throw new TypeError(`\`${name}\` cannot be changed`);
  };
  return new Proxy({} as Shown, {
    // Symbols are asked for by whoever prints or inspects the object.
    get: (_, key) => (typeof key === "symbol" ? undefined : read(target(), key)),
    has: (_, key) => Reflect.has(target(), key),
    set: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
    setPrototypeOf: refuse,
  });
}

function readEnv(from: CallEnv, key: string): unknown {
  if (key === "storage" || key === "shared" || key === "auth") return from[key];
  if (from.variables.has(key)) return from.variables.get(key);
  if (NOT_YET.has(key)) throw new Error(`env.${key} is not available in this version`);
  throw new Error(`env.${key} is not among the environment variables that the server was given`);
}

const NOT_YET: ReadonlySet<string> = new Set(["events", "afterCommit"]);
