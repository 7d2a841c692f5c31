import { backend } from 'kontract';
import type { Category } from './schemas';

export interface Note {
  id: string;
  text: string;
  category: Category;
}

export const latest = async (id: string) => ({ note: await env.storage.notes.get(id), owner: ctx.owner });

export const addNote = backend({}, async (note: Note): Promise<void> => {
  await env.storage.notes.set(note.id, note);
});

export const getNote = backend({}, async (id: string): Promise<Awaited<ReturnType<typeof latest>>> => latest(id));
