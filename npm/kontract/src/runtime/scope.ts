import { AsyncLocalStorage } from "node:async_hooks";
import type { HttpError } from "../errors.js";
import type { Context } from "../types/context.js";
import type { AuthAdmin, SharedStorage, Storage } from "../types/registry.js";
import { outsideOfCalls } from "./view.js";

/** What one call sees as `env`. */
export interface CallEnv {
  storage: Storage;
  shared: SharedStorage;
  auth: AuthAdmin;
  afterCommit(work: () => unknown): void;
  /** The listed environment variables; undefined for one that is not set. */
  variables: ReadonlyMap<string, string | undefined>;
}

/** One call that is being served. */
export interface Invocation {
  context: Context;
  env: CallEnv;
  /** Why the call may no longer touch storage, once its deadline has passed. */
  ended?: HttpError;
  /** How often it did something outside that a repetition would do twice. */
  effects: number;
}

/** Runs `body` and all it starts as part of the call. */
export function withInvocation<Result>(invocation: Invocation, body: () => Result): Result {
  return scope.run(invocation, body);
}

/** The call that the running code is part of. */
export function currentInvocation(name: string): Invocation {
  const invocation = scope.getStore();
  if (invocation === undefined) throw outsideOfCalls(name);
  return invocation;
}

/** Notes that the running call, where there is one, did something that a repetition would do twice. */
export function noteEffect(): void {
  const invocation = scope.getStore();
  if (invocation !== undefined) invocation.effects += 1;
}

// Kept on the global object: a server may load its functions with another copy of
// this package than the one that dispatches to them.
const SLOT = Symbol.for("kontract.scope.1");
const slots = globalThis as unknown as { [SLOT]?: AsyncLocalStorage<Invocation> };
const scope = (slots[SLOT] ??= new AsyncLocalStorage<Invocation>());
