/** What differs between two values, or undefined: -0 is not 0, absent is not undefined. */
export function difference(expected: unknown, actual: unknown, path = 'value'): string | undefined {
  const differs = () => `${path}: ${show(actual)} instead of ${show(expected)}`;
  if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) {
    return Object.is(expected, actual) ? undefined : differs();
  }
  if (kindOf(expected) !== kindOf(actual)) return differs();
  if (expected instanceof Date) return Object.is(expected.getTime(), (actual as Date).getTime()) ? undefined : differs();
  if (expected instanceof Uint8Array) return Buffer.compare(expected, actual as Uint8Array) === 0 ? undefined : differs();
  if (expected instanceof Map || expected instanceof Set) {
    return difference([...expected], [...(actual as Set<unknown>)], `${path}.entries`);
  }
  if (Array.isArray(expected)) {
    const other = actual as unknown[];
    if (expected.length !== other.length) {
      return `${path}: ${other.length} elements instead of ${expected.length}`;
    }
    for (let index = 0; index < expected.length; index++) {
      const found = difference(expected[index], other[index], `${path}[${index}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const keys = Object.keys(expected);
  const others = Object.keys(actual);
  for (const key of keys) {
    if (!Object.hasOwn(actual, key)) return `${path}: ${JSON.stringify(key)} is missing`;
    const found = difference(
      (expected as Record<string, unknown>)[key],
      (actual as Record<string, unknown>)[key],
      `${path}.${key}`,
    );
    if (found !== undefined) return found;
  }
  const more = others.find((key) => !Object.hasOwn(expected, key));
  return more === undefined ? undefined : `${path}: ${JSON.stringify(more)} is there, and should not be`;
}

/** A value for a message; short. */
export function show(value: unknown): string {
  let text: string;
  try {
    text = write(value, 0);
  } catch (error) {
    // A Date that is none, say.
    text = `unprintable: ${String(error)}`;
  }
  return text.length > 1500 ? `${text.slice(0, 1500)}…` : text;
}

function write(value: unknown, depth: number): string {
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (depth > 8) return '…';
  const list = (items: Iterable<unknown>) => [...items].slice(0, 30).map((item) => write(item, depth + 1)).join(', ');
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (value instanceof Uint8Array) return `Uint8Array(${value.length})[${[...value.subarray(0, 16)].join()}]`;
  if (value instanceof Map) return `Map{${list(value)}}`;
  if (value instanceof Set) return `Set{${list(value)}}`;
  if (Array.isArray(value)) return `[${list(value)}]`;
  const entries = Object.entries(value).slice(0, 30);
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}: ${write(item, depth + 1)}`).join(', ')}}`;
}

function kindOf(value: object): string {
  return Array.isArray(value) ? 'array' : Object.prototype.toString.call(value);
}
