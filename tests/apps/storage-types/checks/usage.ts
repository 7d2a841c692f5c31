// What `.kontract/types.d.ts` allows, and what it does not.
import type { RowOf, StorageRegistry, TableProxy } from 'kontract';
import { Role, type Shape, type User } from '../src/model/user';
import type { User as Stranger } from '../src/model/other';

type Same<Left, Right> =
  (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;
declare function holds<_Holds extends true>(): void;

holds<Same<keyof StorageRegistry, 'users' | 'drafts' | 'holders' | 'machines' | 'strangers' | 'todos'>>();
holds<Same<RowOf<StorageRegistry['users']>, User>>();
holds<Same<typeof env.storage.users, TableProxy<User, 'id', Omit<User, 'email'>>>>();

export async function reading(): Promise<User | null> {
  const user = await env.storage.users.get('x');
  holds<Same<typeof user, User | null>>();
  const same = await env.storage.get('users').get('x');
  holds<Same<typeof same, User | null>>();
  const stranger = await env.storage.strangers.get('x');
  holds<Same<typeof stranger, Stranger | null>>();
  const machine = await env.storage.machines.shift();
  const sizes: number[] = machine?.parts.map((part) => part.size) ?? [];
  const role: Role | undefined = machine?.owner;
  const draft = await env.storage.drafts.get('draft-1');
  const key: `draft-${string}` | undefined = draft?.key;
  const by: User | null | undefined = draft?.by;
  const holder = await env.storage.holders.get('1');
  const shape: Shape | undefined = holder?.shape;
  for await (const todo of env.storage.todos) {
    const id: string = todo._id;
    const text: string = todo.text;
    const tags: string[] | undefined = todo.tags;
    const at: Date | undefined = todo.at;
    const greeted: Role | undefined = todo.role;
    void [id, text, tags, at, greeted];
  }
  for await (const row of env.storage.users.query({ role: Role.Writer }, { orderBy: { name: 'desc' } })) {
    holds<Same<typeof row, User>>();
  }
  // @ts-expect-error not a table
  env.storage.people;
  // @ts-expect-error not a table
  env.storage.get('people');
  // @ts-expect-error not a field
  env.storage.users.query({ town: 'Bonn' });
  // @ts-expect-error may be null
  user.name;
  return [sizes, role, key, by, shape].length > 0 ? user : null;
}

export async function writing(): Promise<void> {
  const { users, todos, machines, drafts } = env.storage;
  const made = { name: 'Ada', email: 'a@b.example', role: Role.Reader, password: 'x' };
  await users.push(made);
  await users.push({ ...made, id: '1', city: 'Bonn' });
  await users.set('1', { name: 'Ada', role: Role.Reader, password: 'x' });
  await users.set('1', { id: '1', name: 'Ada', role: Role.Reader, password: 'x' });
  await users.update('1', { name: 'Grace' });
  // @ts-expect-error without W it is settable only where the row is made
  await users.set('1', { name: 'Ada', role: Role.Reader, password: 'x', email: 'a@b.example' });
  // @ts-expect-error without W it is settable only where the row is made
  await users.update('1', { email: 'a@b.example' });
  // @ts-expect-error the e-mail is missing
  await users.push({ name: 'Ada', role: Role.Reader, password: 'x' });
  // @ts-expect-error a field of another type
  await users.update('1', { name: 1 });
  // @ts-expect-error an unknown field
  await users.update('1', { town: 'Bonn' });
  await todos.push({ text: 'x', done: true });
  // @ts-expect-error what is written everywhere is required
  await todos.push({ text: 'x' });
  await machines.push({ name: 'a', serial: 's', parts: [{ size: 1 }], owner: Role.Writer });
  // @ts-expect-error without W
  await machines.update('s', { parts: [] });
  await drafts.push({ text: '', created: new Date(), by: null, role: Role.Reader });
  // @ts-expect-error the key has a form
  await drafts.push({ key: '1', text: '', created: new Date(), by: null, role: Role.Reader });
}

export function globals(): string {
  const mask: number = perms.RW_;
  const name: string | undefined = env.API_KEY;
  ctx.waitUntil(Promise.resolve());
  // @ts-expect-error read-only
  ctx.owner = 'me';
  // @ts-expect-error not offered
  env.trxs;
  return `${ctx.owner} ${mask} ${name}`;
}
