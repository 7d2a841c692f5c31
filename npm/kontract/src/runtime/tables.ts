import { sanitizeIdentifier } from "../identifier.js";
import type { Storage } from "../types/registry.js";
import type { UntypedTable } from "../types/storage.js";

/** Runs `env.storage.transaction`. */
export type RunTransaction = <Result>(work: () => Result | Promise<Result>) => Promise<Result>;

/** `env.storage` of one call: the same object for the same name. */
export function storageView(open: (name: string) => UntypedTable, run: RunTransaction): Storage {
  const transaction: RunTransaction = async (work) => {
    if (typeof work !== "function") throw new TypeError("env.storage.transaction: expected a function");
    return run(work);
  };
  const opened = new Map<string, UntypedTable>();
  const get = (name: unknown): UntypedTable => {
    const known = sanitizeIdentifier(name as string);
    let table = opened.get(known);
    if (table === undefined) {
      table = open(known);
      opened.set(known, table);
    }
    return table;
  };
  const refuse = (): never => {
    throw new TypeError("env.storage cannot be changed");
  };
  return new Proxy({} as Storage, {
    get(_, name) {
      if (typeof name === "symbol") return undefined;
      if (name === "get") return get;
      if (name === "transaction") return transaction;
      return get(name);
    },
    set: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
    setPrototypeOf: refuse,
  });
}
