// What the gateway asks of values that are no plain data. Taken before an application runs.

const TypedArray = Object.getPrototypeOf(Uint8Array) as typeof Uint8Array;
const { getTime } = Date.prototype;
const OTHER = [Promise, RegExp, ArrayBuffer, TypedArray, DataView, WeakMap, WeakSet, WeakRef];

export const classes = Object.freeze({
  plain: Object.prototype,
  hasOwn: Object.hasOwn,
  isPlain(value: object): boolean {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || prototype === Object.prototype;
  },
  kind(value: object): string {
    if (value instanceof Date) return "date";
    if (value instanceof Map) return "map";
    if (value instanceof Set) return "set";
    return OTHER.some((Class) => value instanceof Class) ? "other" : "object";
  },
  time: (date: Date): number => Reflect.apply(getTime, date, []) as number,
  size: (collection: Map<unknown, unknown> | Set<unknown>): number => collection.size,
  members: (set: Set<unknown>): unknown[] => [...set],
  entries: (map: Map<unknown, unknown>): unknown[] => [...map].flat(1),
  date: (time: number): Date => new Date(time),
  bigint: (text: string): bigint => BigInt(text),
  set: (members: unknown[]): Set<unknown> => new Set(members),
  map: (entries: [unknown, unknown][]): Map<unknown, unknown> => new Map(entries),
});
