/**
 * An object that looks each property up in the call it is used by. Whatever would
 * change it throws.
 */
export function view<Shown extends object, Target extends object>(
  name: string,
  target: () => Target,
  read: (target: Target, key: string) => unknown = (from, key) => Reflect.get(from, key),
): Shown {
  const refuse = refuseChange(name);
  return new Proxy({} as Shown, {
    // Symbols are asked for by whoever prints or inspects the object.
    get: (_, key) => (typeof key === "symbol" ? undefined : read(target(), key)),
    has: (_, key) => Reflect.has(target(), key),
    ownKeys: () => Reflect.ownKeys(target()),
    getOwnPropertyDescriptor: (_, key) => describeOwn(target(), key),
    set: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
    setPrototypeOf: refuse,
    preventExtensions: refuse,
  });
}

/** What a proxy may say of a property that its own target does not have. */
function describeOwn(target: object, key: PropertyKey): PropertyDescriptor | undefined {
  const own = Reflect.getOwnPropertyDescriptor(target, key);
  return own === undefined ? undefined : { ...own, configurable: true };
}

/** Throws whatever is done. */
export function refuseChange(name: string): () => never {
  return () => {
    throw new TypeError(`\`${name}\` cannot be changed`);
  };
}

/** Why `name` cannot be had outside of calls. */
export function outsideOfCalls(name: string): Error {
  return new Error(
    `\`${name}\` is only available while a backend function is being called. ` +
      "Code that runs when a module is loaded cannot use it.",
  );
}

/** What `env` has under a name that is none of its services: a variable that the server lists. */
export function readVariable(variables: ReadonlyMap<string, string | undefined>, key: string): string | undefined {
  if (variables.has(key)) return variables.get(key);
  if (NOT_YET.has(key)) throw new Error(`env.${key} is not available in this version`);
  throw new Error(`env.${key} is not among the environment variables that the server was given`);
}

const NOT_YET: ReadonlySet<string> = new Set(["events"]);
