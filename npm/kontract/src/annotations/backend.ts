import { type AnyFunction, ignored, type MethodAnnotation } from "./shapes.js";

/** How a backend function may be called. */
export interface BackendOptions {
  /** The group a session must belong to. */
  ugroup?: string;
  /** The permission bits a session must hold: `perms.RW_`. */
  perm?: number;
  /** The endpoint group, by which middlewares select their routes. */
  egroup?: string;
  /** The route's name, when the function's own is not it. */
  name?: string;
  /**
   * `'none'`: no transaction around the call. Each operation on a table applies at once, as one
   * statement, and `pop` and `shift` take what nobody else is taking: for workers of a queue.
   */
  isolation?: "serializable" | "none";
  /** The call may run again after a conflict although it had effects outside, such as a fetch. */
  retry?: boolean;
}

/**
 * Marks a function as running on the server.
 *
 * ```ts
 * export const createUser = backend({ perm: perms.RWX }, async (name: string): Promise<User> => { … });
 * class UserService { @backend() static async get(id: string): Promise<User> { … } }
 * ```
 *
 * The compiler reads the mark; at run time a wrapped function is returned as it is.
 */
export function backend<F extends AnyFunction>(fn: F): F;
export function backend<F extends AnyFunction>(options: BackendOptions, fn: F): F;
export function backend(options?: BackendOptions): MethodAnnotation;
export function backend(value: AnyFunction, context: ClassMethodDecoratorContext): void;
export function backend(target: object, key: string | symbol, descriptor: PropertyDescriptor): void;
export function backend(...args: unknown[]): unknown {
  const [first, second] = args;
  if (args.length === 1 && typeof first === "function") return first;
  if (args.length === 2 && typeof second === "function") return second;
  return args.length < 2 ? ignored : undefined;
}
