import type { FieldDescription, TableDescription, TableDescriptions } from "./runtime/backing.js";
import type { RowCodec } from "./runtime/rows.js";

/** What hosts need of `dist/manifest.json`. */
export interface Manifest {
  tables: TableDescriptions;
  /** By the route's name: the hashes of the contracts it still serves, its own among them. */
  accepts: ReadonlyMap<string, ReadonlySet<string>>;
  /** The routes that change nothing: a call may be repeated freely. */
  reads: ReadonlySet<string>;
  /** The routes whose effects are all in the transaction of their call, those that only read among them. */
  contained: ReadonlySet<string>;
}

/** Reads the contract that the compiler wrote, as `JSON.parse` gave it; undefined where it is none. */
export function parseManifest(value: unknown): Manifest | undefined {
  const manifest = record(value);
  const routes = record(manifest?.routes);
  const tables = record(manifest?.tables);
  if (routes === undefined || tables === undefined) return undefined;

  const accepts = new Map<string, ReadonlySet<string>>();
  const [reads, contained] = [new Set<string>(), new Set<string>()];
  for (const [name, route] of Object.entries(routes)) {
    const { abi, accepts: others, reads: changesNothing, contained: isContained } = record(route) ?? {};
    if (!isHash(abi) || !Array.isArray(others) || !others.every(isHash)) return undefined;
    accepts.set(name, new Set([abi, ...others]));
    if (changesNothing === true) reads.add(name);
    if (changesNothing === true || isContained === true) contained.add(name);
  }

  const statements = Object.entries(record(manifest?.statements) ?? {});
  const descriptions: [string, TableDescription][] = [];
  for (const [name, table] of Object.entries(tables)) {
    const description = parseTable(table);
    if (description === undefined) return undefined;
    const own = statements.filter(([, statement]) => record(statement)?.table === name).map(([id]) => id);
    descriptions.push([name, own.length === 0 ? description : { ...description, statements: own }]);
  }
  return { accepts, reads, contained, tables: Object.fromEntries(descriptions) };
}

/** The tables with what the compiler made to store their rows. */
export function withCodecs(tables: TableDescriptions, codecs: Readonly<Record<string, RowCodec>>): TableDescriptions {
  const entries = Object.entries(tables).map(([name, table]) => {
    const codec = Object.hasOwn(codecs, name) ? codecs[name] : undefined;
    return [name, codec === undefined ? table : { ...table, codec }] as const;
  });
  return Object.fromEntries(entries);
}

function parseTable(value: unknown): TableDescription | undefined {
  const table = record(value);
  const fields = record(table?.fields);
  if (typeof table?.primaryKey !== "string" || fields === undefined) return undefined;
  const descriptions: [string, FieldDescription][] = [];
  for (const [name, field] of Object.entries(fields)) {
    const { perm, unique } = record(field) ?? {};
    if (perm !== undefined && typeof perm !== "number") return undefined;
    descriptions.push([name, { ...(perm === undefined ? {} : { perm }), ...(unique === true ? { unique } : {}) }]);
  }
  const described = { primaryKey: table.primaryKey, fields: Object.fromEntries(descriptions) };
  return table.owned === true ? { ...described, owned: true } : described;
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function record(value: unknown): Record<string, unknown> | undefined {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : undefined;
}
