import type { StorageAccess } from "../runtime/backing.js";

/** Access to storage as a call would have it. */
export function accessFor(given: Partial<StorageAccess> = {}): StorageAccess {
  return { tenant: "main", owner: "ada", perm: 7, check: () => {}, saw: () => {}, ...given };
}

/** All elements, at most a hundred. */
export async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) {
    found.push(row);
    if (found.length > 100) throw new Error("more rows than expected");
  }
  return found;
}
