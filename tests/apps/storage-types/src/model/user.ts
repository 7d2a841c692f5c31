import type { Index, Owned, Perm, Primkey, Secret, Table, Unique } from 'kontract';

export enum Role {
  Reader = 'reader',
  Writer = 'writer',
}

export interface User {
  id: Primkey<string>;
  name: string;
  email: Perm<Unique<string>, 'R__'>;
  role: Role;
  city?: Index<string>;
  password: Secret<string>;
}

interface Base<Key extends string> {
  key: Primkey<Key>;
  created: Perm<Date, 'R__'>;
}

/** Not exported: its declaration is printed. */
interface Draft extends Base<`draft-${string}`>, Owned, Table<'drafts'> {
  text: string;
  by: User | null;
  role: Role;
}

export type DraftOf = Draft;

export type Shape =
  | { id: string; kind: 'circle'; radius: number }
  | { id: string; kind: 'square'; side: number };

export interface Holder {
  id: string;
  shape: Shape;
}
