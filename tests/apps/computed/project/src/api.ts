import { HttpResp } from 'kontract';
import { Color, Point, unexported } from './models';
import type { Account, Address, Circle, Page, Shape, User } from './models';
import { category, userSchema } from './schemas';
import type { z } from 'zod';

export const config = { retries: 3, hosts: ['a', 'b'], level: 'info' as 'info' | 'debug', started: new Date() } as const;
export const limits = { max: 10, min: undefined as number | undefined, 'with space': true };

export async function load(id: string, page?: number) {
  const user = null as User | null;
  return { user, id, at: new Date(), pages: [1, page ?? 2] };
}
export async function respond() {
  return HttpResp.ok({ id: 'a' });
}
export const parse = (text: string) => userSchema.parse(JSON.parse(text));
export const root = () => category.parse({});
export function local() {
  interface User {
    local: true;
  }
  return null as unknown as User;
}

type DeepPartial<T> = T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;
type Deep = DeepPartial<Address & { tags: string[] }>;
type Flat<T> = { [K in keyof T]: T[K] } & {};
type Loose<T> = T extends User ? { [K in keyof T]: T[K] } : never;
type Tree<T> = T extends string ? { value: T; sub: Tree<T>[] } : never;
type Getters<T> = { [K in keyof T as `get${Capitalize<string & K>}`]: T[K] };
type Endless<T> = T extends string ? { deeper: Endless<`${T}.`> } : never;

export { unexported, Color, Point };
export type { Account, Page, Shape, Circle, Deep, Flat, Getters, Tree, Loose, Endless, z };
