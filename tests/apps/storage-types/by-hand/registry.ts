// A registry by hand beside the generated one: its entries are meant, and the others stay.
import type { TableProxy } from 'kontract';
import type { User } from '../src/model/user';

interface Box {
  id: string;
  size: number;
}

declare module 'kontract/runtime' {
  interface StorageRegistry {
    holders: Box;
    boxes: Box;
  }
}

type Same<Left, Right> =
  (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;
declare function holds<_Holds extends true>(): void;

holds<Same<typeof env.storage.holders, TableProxy<Box>>>();
holds<Same<typeof env.storage.boxes, TableProxy<Box>>>();
holds<Same<typeof env.storage.users, TableProxy<User, 'id', Omit<User, 'email'>>>>();
