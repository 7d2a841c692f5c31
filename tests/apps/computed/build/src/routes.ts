import { backend } from 'kontract';
import type { z } from 'zod';
import type { Circle, Page, User } from './models';
import type { Category, NewUser, userSchema } from './schemas';
import type { Deep, Getters, Tree, load } from './api';

type WithId<T> = T extends { id: infer Id } ? { id: Id; whole: T } : never;
type Inferred<Schema extends z.ZodType> = z.infer<Schema>;

export const createUser = backend({}, async (user: NewUser): Promise<Category> => ({ title: user.name, children: [] }));

export const role = backend({}, async (role: z.infer<typeof userSchema>['role']): Promise<Inferred<z.ZodString>> => role);

export const result = backend({}, async (): Promise<Awaited<ReturnType<typeof load>>> => ({ user: null, id: '', at: new Date(), pages: [] }));

export const withId = backend({}, async (deep: Deep): Promise<WithId<Page<User>['items'][number]> | null> => (deep.city === undefined ? null : null));

export const tree = backend({}, async (tree: Tree<'a'>, getters: Getters<Circle>): Promise<string> => tree.value + getters.getKind);
