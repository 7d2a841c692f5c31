import type { Owned, Perm, Primkey, Table, Unique } from 'kontract';

/** As fixtures/storage/filters.json has them. */
export interface Person extends Table<'people'> {
  id: Primkey<string>;
  name: string;
  age?: number;
  big?: bigint;
  born?: Date | null;
  active?: boolean;
  tags?: string[];
  place?: { city?: string; zip?: null; in?: string };
}

export interface User extends Table<'users'> {
  id: Primkey<string>;
  name: string;
  email?: Perm<string, 'R__'>;
  nick?: Unique<string>;
  tags?: string[];
}

export interface Note extends Table<'notes'>, Owned {
  id: Primkey<string>;
  text: string;
}

export interface Value extends Table<'values'> {
  id: Primkey<string>;
  date: Date;
  bytes: Uint8Array;
  big: bigint;
  map: Map<string, number>;
  none: null;
  either: { kind: 'a'; n: number } | { kind: 'b'; at: Date };
}

export interface Counter extends Table<'counters'> {
  id: Primkey<string>;
  n: number;
}

@backend()
export async function count(): Promise<number> {
  return env.storage.counters.count();
}
