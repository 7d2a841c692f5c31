import { backend, perms } from 'kontract';
import type { User } from './model/user';
import { Role } from './model/user';

export const join = backend({ perm: perms.RWX }, async (name: string, tags: string[]): Promise<User | null> => {
  const id = await env.storage.users.push({ name, email: 'a@b.example', role: Role.Reader, password: 'x' });
  await env.storage.todos.push({ text: `Greet ${name}`, done: false, tags, role: Role.Reader });
  await env.storage.todos.set('first', { text: name, done: true, at: new Date() });
  await env.storage.drafts.push({ text: '', created: new Date(), by: null, role: Role.Writer });
  await env.storage.holders.push({ shape: { id: '1', kind: 'circle', radius: 1 } });
  return env.storage.users.get(id);
});
