import { backend, perms } from 'kontract';
import { env } from 'kontract/runtime';

/** Three mistakes for tsc to find. */
export const wrongRow = backend({ perm: perms.RW_ }, async (id: string): Promise<void> => {
  await env.storage.notes.set(id, { text: 5, shade: 1, labels: [], writer: '' });
});

// A misspelt option.
export const wrongOption = backend({ permission: perms.RW_ }, async (): Promise<void> => {});

export const wrongUse = backend({ perm: perms.R__ }, async (id: string): Promise<number> => {
  return await env.storage.notes.get(id);
});
