/** The time of a date, NaN of an invalid one and of everything else, be it made to look like one. */
export function timeOf(x: unknown): number {
  if (!(x instanceof Date)) return Number.NaN;
  try {
    return Date.prototype.getTime.call(x);
  } catch {
    return Number.NaN;
  }
}

export function isBytes(x: unknown): x is Uint8Array {
  return x instanceof Uint8Array && ArrayBuffer.isView(x);
}

export function isMap(x: unknown): x is Map<unknown, unknown> {
  return x instanceof Map && hasSize(Map.prototype, x);
}

export function isSet(x: unknown): x is Set<unknown> {
  return x instanceof Set && hasSize(Set.prototype, x);
}

function hasSize(prototype: object, x: object): boolean {
  try {
    Reflect.get(prototype, "size", x);
    return true;
  } catch {
    return false;
  }
}

export function isBuiltin(x: object): boolean {
  return (
    x instanceof Date ||
    x instanceof Map ||
    x instanceof Set ||
    x instanceof Promise ||
    x instanceof RegExp ||
    x instanceof ArrayBuffer ||
    ArrayBuffer.isView(x)
  );
}
