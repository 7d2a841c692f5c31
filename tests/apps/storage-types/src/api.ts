import { backend, perms } from 'kontract';
import { Role } from './model/user';

export const join = backend({ perm: perms.RWX }, async (name: string, tags: string[]) => {
  const id = await env.storage.users.push({ name, email: `${name}@b.example`, role: Role.Reader, password: 'x' });
  await env.storage.todos.push({ text: `Greet ${name}`, done: false, tags, role: Role.Reader });
  await env.storage.todos.set('first', { text: name, done: true, at: new Date(0) });
  await env.storage.drafts.push({ text: '', created: new Date(), by: null, role: Role.Writer, key: `draft-${ctx.owner}` });
  await env.storage.holders.push({ shape: { id: '1', kind: 'circle', radius: 1 } });
  return id;
});

/** Its result is told from the table, whose rows are told from what is written to it. */
export const firstTodo = backend({ perm: perms.R__ }, async () => env.storage.todos.get('first'));

export const tally = backend(async (): Promise<[count: number, first: string | null, none: boolean]> => {
  const count = await env.storage.drafts.count({ created: { gt: new Date(0) } });
  const todos = await env.storage.todos.getMany(['first', 'none']);
  return [count, todos[0]?.text ?? null, todos[1] === null];
});

export const drafts = backend({ perm: perms.R__ }, async () => {
  const found = [];
  for await (const draft of env.storage.drafts) found.push({ by: draft.by?.name, role: draft.role });
  return found;
});
