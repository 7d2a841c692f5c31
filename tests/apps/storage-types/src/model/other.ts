import type { Table } from 'kontract';
/** Another type of the same name, for another table. */
export interface User extends Table<'strangers'> {
  id: string;
  from: string;
}
